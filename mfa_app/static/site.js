/* Comfort only: every page works without this file. */
(() => {
  "use strict";
  const all = (selector) => document.querySelectorAll(selector);
  const lang = document.documentElement.lang.replace(/^en$/, "en-GB");  // day before month, as the server writes it

  // Times arrive in the company's zone: show the visitor's own, keep the company's in the tooltip. Days stay as they are.
  for (const time of all("time[data-local]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const style = { dateStyle: "medium", timeStyle: "short" };
    time.title = time.textContent.trim();
    time.textContent = new Intl.DateTimeFormat(lang, style).format(moment);
  }

  // Show and hide a password.
  for (const button of all("[data-reveal]")) {
    const input = document.getElementById(button.dataset.reveal);
    if (!input) continue;
    const word = button.querySelector("span");
    const words = { password: word.textContent, text: button.dataset.hide };
    button.hidden = false;
    button.addEventListener("click", () => {
      input.type = input.type === "password" ? "text" : "password";
      word.textContent = words[input.type];
    });
    input.form?.addEventListener("submit", () => { input.type = "password"; });
  }

  // Copy a text, and say so beside the button.
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed here: the old way */ }
    const area = document.createElement("textarea");
    area.value = text;
    area.readOnly = true;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  for (const button of all("[data-copy]")) {
    const said = document.getElementById(button.dataset.said);
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(button.dataset.copy);
      button.focus();
      if (!said) return;
      said.textContent = done ? button.dataset.done : button.dataset.failed;
      setTimeout(() => { said.textContent = ""; }, 6000);
    });
  }

  for (const button of all("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }

  // Tick all boxes of a name in a form, or none if all are.
  for (const button of all("[data-tick-all]")) {
    const boxes = button.form.querySelectorAll(`[name="${button.dataset.tickAll}"]`);
    button.hidden = false;
    button.addEventListener("click", () => {
      const tick = [...boxes].some((box) => !box.checked);
      for (const box of boxes) box.checked = tick;
    });
  }

  // Count the minutes of something that expires in so many seconds by the server's clock. Only its end is announced.
  for (const line of all("[data-expires]")) {
    const end = Date.now() + line.dataset.expires * 1000;
    const over = document.getElementById(line.dataset.over);
    const show = () => {
      const seconds = (end - Date.now()) / 1000;
      if (seconds <= 0) {
        line.hidden = true;
        const parts = all(`[data-while="${line.dataset.over}"]`);
        const cursor = [...parts].some((part) => part.contains(document.activeElement));
        for (const part of parts) part.inert = true;
        if (over) {
          over.hidden = false;
          if (cursor) over.querySelector("a")?.focus();
          over.scrollIntoView({ block: "nearest" });
        }
        clearInterval(timer);
      } else {
        const minutes = Math.ceil(seconds / 60);
        line.textContent = minutes === 1 ? line.dataset.one : line.dataset.many.replace("#", minutes);
      }
    };
    const timer = setInterval(show, 5000);
    show();
  }

  // A form is sent once, however often the button is pressed.
  for (const form of all("form[method='post']")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent || form.dataset.wait) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      hold(form);
      setTimeout(() => release(form), 10000);
    });
  }
  const buttonsOf = (form) => form.querySelectorAll("button[type='submit']");
  const hold = (form) => { for (const button of buttonsOf(form)) button.setAttribute("aria-disabled", "true"); };
  const release = (form) => {
    delete form.dataset.sent;
    if (form.dataset.wait) return;
    for (const button of buttonsOf(form)) button.removeAttribute("aria-disabled");
  };
  // Six digits send themselves, once on each page. A refusal is a new page, on which nothing has been typed yet.
  for (const field of all("[data-sends]")) {
    const form = field.form, hint = document.getElementById(field.dataset.sends);
    hint.hidden = false;
    field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), hint.id].filter(Boolean).join(" "));
    let tried = false;
    field.addEventListener("input", (event) => {
      const typed = field.value.replace(/[\s\p{P}]/gu, "");
      if (tried || event.isComposing || form.dataset.sent || form.dataset.wait || !/^\p{Nd}{6}$/u.test(typed)) return;
      tried = true;
      form.requestSubmit();
    });
  }

  // After too many attempts, count the wait; then the button comes back. Only the end is announced.
  for (const form of all("form[data-wait]")) {
    const end = Date.now() + form.dataset.wait * 1000;
    const line = form.querySelector(".field-error p, .note-danger p");
    line.closest("[role='alert']")?.removeAttribute("role");
    const show = () => {
      const seconds = Math.ceil((end - Date.now()) / 1000), words = form.dataset;
      if (seconds > 90) line.textContent = words.minutes.replace("#", Math.ceil(seconds / 60));
      else if (seconds > 0) line.textContent = (seconds === 1 ? words.second : words.seconds).replace("#", seconds);
      else {
        clearInterval(timer);
        delete form.dataset.wait;
        release(form);
        for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
        form.querySelector(".has-error")?.classList.remove("has-error");
        line.textContent = form.querySelector("[role='status']").textContent = words.over;
        const box = line.closest(".field-error, .note-danger");
        box.className = "hint wait-over";
        box.querySelector("svg")?.remove();
      }
    };
    const timer = setInterval(show, 1000);
    hold(form);
    show();
  }

  // What takes a while: the page looks again, and reloads when that is over. Its button does the same.
  const watched = document.querySelector("[data-watch]");
  const pause = 1000 * (watched?.dataset.every ?? 2);
  const look = async () => {
    try {
      const response = await fetch(location.href);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const now = page.querySelector("[data-watch]");
      if (!watched.isConnected) return;
      if (response.ok && now?.dataset.watch !== watched.dataset.watch) { location.reload(); return; }
      if (now) watched.replaceChildren(...now.childNodes);
    } catch { /* no network for a moment */ }
    setTimeout(look, pause);
  };
  if (watched) setTimeout(look, pause);

  // The page that waited goes on by itself.
  document.querySelector("form[data-sends-itself]")?.requestSubmit();

  // A file that is too large is never sent.
  for (const field of all("input[type='file'][data-most]")) {
    field.addEventListener("change", () => {
      const tooLarge = [...field.files].some((file) => file.size > field.dataset.most);
      field.setCustomValidity(tooLarge ? field.dataset.tooLarge : "");
      field.reportValidity();
    });
  }

  addEventListener("pageshow", (event) => { if (event.persisted) all("form[method='post']").forEach(release); });
})();
