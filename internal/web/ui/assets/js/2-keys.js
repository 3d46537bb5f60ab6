// Keys: Ctrl-K finds, "g h" and the like lead, j and k walk through a table, ?
// shows them all. Single letters can be switched off (WCAG 2.1.4), on the help page.
const off = () => localStorage.getItem("sutor.keys") === "off";
const typing = (e) => e.target.closest("input, select, textarea, [contenteditable]");
let first = "";

function openPalette() {
  const palette = document.getElementById("palette");
  if (!palette || palette.open) return;
  palette.showModal();
  const input = palette.querySelector("input");
  input.select();
  input.dispatchEvent(new Event("opened"));
}

document.addEventListener("click", (e) => {
  if (e.target.closest("[data-palette]") && !e.ctrlKey && !e.metaKey) {
    e.preventDefault();
    openPalette();
  }
});

// follow opens the best that was found. What is shown may still be an answer to
// fewer letters: then it is the best of the next.
function follow(palette, input) {
  const found = palette.querySelector(".found");
  if (found?.dataset.for === input.value.trim()) found.querySelector("a")?.click();
  else document.addEventListener("htmx:after:swap", () => { if (palette.open) follow(palette, input); }, { once: true });
}

document.addEventListener("submit", (e) => {
  const palette = e.target.closest("#palette");
  if (!palette) return;
  e.preventDefault();
  follow(palette, e.target.elements.q);
});

// walk moves the focus along the links that head the rows of the page's tables.
function walk(by) {
  const all = [...document.querySelectorAll("main tbody th a, main .walk a")];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, at + by))].focus();
}

document.addEventListener("keydown", (e) => {
  if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") {
    e.preventDefault();
    openPalette();
    return;
  }
  const palette = e.target.closest("#palette");
  if (palette && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
    e.preventDefault();
    const all = [palette.querySelector("input"), ...palette.querySelectorAll("#palette-found a")];
    const at = all.indexOf(document.activeElement) + (e.key === "ArrowDown" ? 1 : -1);
    all[(at + all.length) % all.length].focus();
    return;
  }
  if (off() || typing(e) || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
  const both = first + " " + e.key;
  first = "";
  const lead = document.querySelector(`[data-keys="${CSS.escape(both)}"], [data-keys="${CSS.escape(e.key)}"]`);
  if (lead) {
    e.preventDefault();
    lead.click();
  } else if (e.key === "/") {
    e.preventDefault();
    openPalette();
  } else if (e.key === "j" || e.key === "k") {
    walk(e.key === "j" ? 1 : -1);
  } else if (e.key === "g") {
    first = "g";
    setTimeout(() => { first = ""; }, 1200);
  }
});

const keysSwitch = document.getElementById("keys-on");
if (keysSwitch) {
  keysSwitch.closest("[hidden]")?.removeAttribute("hidden");
  keysSwitch.checked = !off();
  keysSwitch.addEventListener("change", () => localStorage.setItem("sutor.keys", keysSwitch.checked ? "on" : "off"));
}
