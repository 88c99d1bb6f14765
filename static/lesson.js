// Enhances the pages of the lesson, which also work without scripts.

const units = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

// As `span` in src/web/human_time.rs: two units, the rest is dropped.
function words(seconds) {
  const parts = [];
  for (const [unit, size] of units) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count) parts.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
  }
  return parts.slice(0, 2).join(" ") || "0 seconds";
}

// Counts down to the timeouts, from the seconds that the server has computed.
const began = performance.now();
const countdowns = [...document.querySelectorAll(".countdown")];
function tick() {
  const passed = Math.floor((performance.now() - began) / 1_000);
  for (const element of countdowns) {
    element.textContent = words(Math.max(0, element.dataset.seconds - passed));
  }
}
if (countdowns.length) setInterval(tick, 1_000);

// Shows what a script can read of the cookies.
for (const element of document.querySelectorAll(".document-cookie")) {
  const found = document.cookie;
  element.textContent = found ? `document.cookie is "${found}"` : 'document.cookie is "": every cookie of this site is HttpOnly.';
}
