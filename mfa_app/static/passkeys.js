/* Passkeys: asks the browser for one, and sends its answer as a form. Loaded only where there is one to ask. */
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((entry) => ({ ...entry, id: bytes(entry.id) }));

  // What the site asks, as the browser wants it: bytes where JSON has base64url.
  const question = async (form) => {
    const response = await fetch(form.dataset.question, { headers: { Accept: "application/json" } });
    if (response.redirected || !response.ok) throw new Error("no question");
    const asked = await response.json();
    asked.challenge = bytes(asked.challenge);
    if (asked.user) asked.user.id = bytes(asked.user.id);
    if (asked.excludeCredentials) asked.excludeCredentials = named(asked.excludeCredentials);
    if (asked.allowCredentials) asked.allowCredentials = named(asked.allowCredentials);
    return asked;
  };

  const answer = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = text(credential.response[part]);
    }
    const id = text(credential.rawId);
    return JSON.stringify({ id, rawId: id, type: credential.type, response });
  };

  const ask = async (form, more = {}) => {
    const publicKey = await question(form);
    return navigator.credentials[form.dataset.passkey]({ publicKey, ...more });
  };

  const send = (form, credential) => {
    const remember = document.querySelector("input[type=checkbox][name=remember]");
    const copy = form.querySelector("input[type=hidden][name=remember]");
    if (remember && copy) copy.value = remember.checked ? "y" : "";
    form.elements.credential.value = answer(credential);
    form.submit();
  };

  const say = (form, error) => {
    const words = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "present" };
    const line = form.querySelector("[data-said]");
    line.textContent = form.dataset[words[error.name] || "failed"];
    line.hidden = false;
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[type=submit]")) button.removeAttribute("aria-disabled");
  };

  let offered;  // ends what the browser offers by itself: it can ask for one passkey at a time

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.querySelector("[data-without-script]").hidden = true;
    form.addEventListener("submit", async (event) => {
      if (event.defaultPrevented) return;
      event.preventDefault();
      form.querySelector("[data-said]").hidden = true;
      if (!window.PublicKeyCredential) {
        say(form, { name: "" });
        form.querySelector("[data-said]").textContent = form.dataset.unsupported;
        return;
      }
      offered?.abort();
      try { send(form, await ask(form)); } catch (error) { say(form, error); }
    });
  }

  // Where the browser can, it offers passkeys at the field by itself. A question lives for five minutes.
  const offer = async (form) => {
    if (!await window.PublicKeyCredential?.isConditionalMediationAvailable?.()) return;
    const { signal } = offered = new AbortController();
    const again = setTimeout(() => { offered.abort(); offer(form); }, 4 * 60 * 1000);
    signal.addEventListener("abort", () => clearTimeout(again));
    try {
      const credential = await ask(form, { mediation: "conditional", signal });
      if (credential) send(form, credential);
    } catch { /* the button is still there */ }
  };
  const offering = document.querySelector("form[data-passkey=get][data-field]");
  if (offering) offer(offering);
})();
