// Drafts: what was typed into a field with data-draft survives a reload, a lost
// connection and an expired session, in this tab alone (sessionStorage), until its
// form was sent and answered. It counts for the text that it was typed over only:
// where the server says something else by now, that stays.
const place = (field) => "draft:" + (field.form?.getAttribute("action") ?? location.pathname) + ":" + field.name;

function restore(root) {
  for (const field of root.querySelectorAll("[data-draft]")) {
    const kept = JSON.parse(sessionStorage.getItem(place(field)));
    if (kept && kept.over === field.defaultValue && field.value === field.defaultValue) field.value = kept.text;
  }
}

document.addEventListener("input", (e) => {
  const field = e.target;
  if (!field.matches("[data-draft]")) return;
  if (field.value === field.defaultValue) sessionStorage.removeItem(place(field));
  else sessionStorage.setItem(place(field), JSON.stringify({ over: field.defaultValue, text: field.value }));
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
