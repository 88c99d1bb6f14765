// What a script can add to pages that work without one. A module, so it runs once the page is there.

addEventListener("pageshow", (event) => {
  // A page from the back-forward cache shows what was true before a logout: ask the server again.
  if (event.persisted) location.reload();
  // Firefox brings a button back as disabled as it was left.
  for (const button of document.querySelectorAll("button[type=submit]")) button.disabled = false;
});

// Each password can be shown while it is typed.
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
  // Sent as a password again, or the browser would remember it among the words of text fields.
  input.form.addEventListener("submit", () => show(false));
  input.after(button);
  show(false);
}

// One click, one post. After the event, because a disabled button is left out of what is sent; and for
// ten seconds only, because a page whose answer is a download stays where it is.
addEventListener("submit", ({ submitter }) => {
  if (!submitter) return;
  setTimeout(() => (submitter.disabled = true));
  setTimeout(() => (submitter.disabled = false), 10_000);
});
