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

  // Count the minutes of something that expires. Only its end is announced.
  for (const line of all("[data-expires]")) {
    const end = new Date(line.dataset.expires).getTime();
    const start = Date.now();
    const given = Number(line.dataset.seconds);           // seconds left by the server's clock, if it told
    const over = document.getElementById(line.dataset.over);
    const left = () => (given ? given - (Date.now() - start) / 1000 : (end - Date.now()) / 1000);
    const show = () => {
      const seconds = left();
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
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      for (const button of form.querySelectorAll("button[type='submit']")) button.setAttribute("aria-disabled", "true");
      setTimeout(() => release(form), 10000);
    });
  }
  const release = (form) => {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[type='submit']")) button.removeAttribute("aria-disabled");
  };
  addEventListener("pageshow", (event) => { if (event.persisted) all("form[method='post']").forEach(release); });
})();
