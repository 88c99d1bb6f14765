// Enhances pages that also work without scripts. A module, so it runs once the page is parsed.

addEventListener("pageshow", (event) => {
  // A page from the back-forward cache can be older than a logout, so load it again.
  if (event.persisted) location.reload();
  // Firefox restores a page with its buttons still disabled.
  for (const button of document.querySelectorAll("button[type=submit]")) button.disabled = false;
});

// Adds a button to each password field, which shows or hides the password.
for (const input of document.querySelectorAll("input[type=password]")) {
  const button = document.createElement("button");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} ${input.labels[0].textContent.toLowerCase()}`);
  };
  button.type = "button";
  button.className = "quiet reveal";
  button.addEventListener("click", () => show(input.type === "password"));
  // Submitted as a password field: the browser would save a text field for autocompletion.
  input.form.addEventListener("submit", () => show(false));
  input.after(button);
  show(false);
}

// Prevents double submits. The button is disabled after the event, because a disabled button is not
// submitted, and for ten seconds only, because the page stays open if the response is a download.
addEventListener("submit", ({ submitter }) => {
  if (!submitter) return;
  setTimeout(() => (submitter.disabled = true));
  setTimeout(() => (submitter.disabled = false), 10_000);
});

// Shows moments in the time zone of the visitor, and keeps UTC in the title. Moments and days are written
// in the language of the page, as the visitor's region writes them.
const language = document.documentElement.lang;
const locale = navigator.languages.find((one) => one.startsWith(language)) ?? language;
for (const time of document.querySelectorAll("time")) {
  const isMoment = time.dateTime.includes("T");
  if (isMoment) time.title = time.textContent;
  const format = { dateStyle: "long", ...(isMoment ? { timeStyle: "short" } : { timeZone: "UTC" }) };
  time.textContent = new Date(time.dateTime).toLocaleString(locale, format);
}

// Counts the characters of a new password in its hint, as the server does: code points in NFC. A screen
// reader still reads the original hint, and is told the count after a pause, not at each key.
for (const input of document.querySelectorAll("input[passwordrules]")) {
  const [minimum] = input.getAttribute("passwordrules").match(/\d+/);
  const hint = document.getElementById(`${input.id}-hint`);
  const words = hint.textContent;
  const [seen, read, told] = [1, 2, 3].map(() => document.createElement("span"));
  let pause;
  seen.setAttribute("aria-hidden", "true");
  read.className = told.className = "unseen";
  told.setAttribute("role", "status");
  seen.textContent = read.textContent = words;
  hint.replaceChildren(seen, read);
  hint.after(told);
  input.addEventListener("input", () => {
    const length = [...input.value.normalize()].length;
    const count = length < minimum ? `${length} of ${minimum} characters.` : `${length} characters: long enough.`;
    seen.textContent = length ? words.replace(/^.*?\./, count) : words;
    clearTimeout(pause);
    pause = setTimeout(() => (told.textContent = length ? count : ""), 1_000);
  });
}
