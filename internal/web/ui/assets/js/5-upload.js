// Files: dropped anywhere on the form, shown by name, sent with how far they are. A
// line that is lost loses nothing: the file stays chosen, and is sent again.
const form = document.querySelector("form[data-upload]");

if (form) {
  const drop = form.querySelector("[data-drop]");
  const input = drop.querySelector("input[type=file]");
  const name = drop.querySelector("[data-name]");
  const box = form.querySelector("[data-progress]");
  const bar = box.querySelector("progress");
  const says = box.querySelector("[data-says]");
  const button = form.querySelector("button.primary");
  const idle = name.textContent;

  const show = () => {
    const file = input.files[0];
    name.textContent = file ? file.name : idle;
    drop.classList.toggle("filled", Boolean(file));
  };
  input.addEventListener("change", show);
  for (const type of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(type, (e) => {
      if (!e.dataTransfer?.types.includes("Files")) return;
      e.preventDefault();
      drop.classList.toggle("over", type === "dragover");
      if (type === "drop") {
        input.files = e.dataTransfer.files;
        show();
        button.focus();
      }
    });
  }
  // Cells that are pasted anywhere but in a field go where they belong.
  document.addEventListener("paste", (e) => {
    const text = e.clipboardData?.getData("text/plain") ?? "";
    if (e.target.closest("input, textarea") || !/\t|\n/.test(text)) return;
    e.preventDefault();
    const cells = form.querySelector("[name=cells]");
    cells.closest("details").open = true;
    cells.value = text;
    cells.dispatchEvent(new Event("input", { bubbles: true }));
    cells.focus();
  });

  const size = (n) => (n / 1048576).toFixed(1) + " MB";
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const sending = new XMLHttpRequest();
    sending.open("POST", form.action);
    sending.upload.addEventListener("progress", (p) => {
      bar.value = p.total ? (100 * p.loaded) / p.total : 0;
      says.textContent = p.loaded < p.total ? `Sending: ${size(p.loaded)} of ${size(p.total)}` : "Sent; the server keeps it…";
    });
    const failed = () => {
      button.disabled = false;
      button.textContent = "Send again";
      says.textContent = "The connection was lost. Nothing was kept, and the file is still chosen here.";
      box.classList.add("bad");
    };
    sending.addEventListener("error", failed);
    sending.addEventListener("timeout", failed);
    sending.addEventListener("load", () => {
      if (sending.status < 400) {
        location.assign(sending.responseURL); // of the change that it became, or of the sign-in
        return;
      }
      const page = new DOMParser().parseFromString(sending.responseText, "text/html");
      const trouble = page.querySelector("[role=alert]");
      button.disabled = false;
      box.hidden = true;
      document.querySelector("main > [role=alert]")?.remove();
      if (trouble) form.before(trouble);
      trouble?.scrollIntoView({ block: "nearest" });
    });
    box.hidden = false;
    box.classList.remove("bad");
    bar.value = 0;
    says.textContent = "Sending…";
    button.disabled = true;
    sending.send(new FormData(form));
  });
}

// Filters that are chosen from lists need no button.
for (const auto of document.querySelectorAll("form[data-auto]")) {
  auto.querySelector("button")?.setAttribute("hidden", "");
  auto.addEventListener("change", () => auto.requestSubmit());
}
