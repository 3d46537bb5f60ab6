// Drafts: what was typed into a field with data-draft survives a reload, a lost
// connection and an expired session, in this tab alone (sessionStorage), until its
// form was sent and answered.
const place = (field) => "draft:" + location.pathname + "#" + (field.form?.getAttribute("action") ?? "") + ":" + field.name;

function restore(root) {
  for (const field of root.querySelectorAll("[data-draft]")) {
    const kept = sessionStorage.getItem(place(field));
    if (kept !== null && field.value === "") field.value = kept;
  }
}

document.addEventListener("input", (e) => {
  if (!e.target.matches("[data-draft]")) return;
  if (e.target.value === "") sessionStorage.removeItem(place(e.target));
  else sessionStorage.setItem(place(e.target), e.target.value);
});

// Forms that were sent: their drafts go at the next page, unless that one has trouble.
document.addEventListener("submit", (e) => {
  const sent = [...e.target.querySelectorAll("[data-draft]")].map(place);
  if (sent.length) sessionStorage.setItem("drafts-sent", JSON.stringify(sent));
});

const sent = sessionStorage.getItem("drafts-sent");
if (sent) {
  sessionStorage.removeItem("drafts-sent");
  if (!document.querySelector("[role=alert], form[action='/sign-in']")) {
    for (const key of JSON.parse(sent)) sessionStorage.removeItem(key);
  }
}
restore(document);
document.addEventListener("htmx:after:swap", () => restore(document));
