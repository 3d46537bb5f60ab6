// A change that is worked on says how far it is by server-sent events. Each event is
// the whole change, so after a lost connection, which the browser mends by itself,
// nothing was missed. When the state changes the page's content is fetched anew.
let stream = null;
let broken = null;

function progress(c) {
  const box = document.querySelector(".progress");
  if (!box || !c.progress) return;
  box.querySelector("p > span").textContent = c.progress.step;
  const bar = box.querySelector("progress");
  if (c.progress.of > 0) {
    bar.max = c.progress.of;
    bar.value = c.progress.done;
    box.querySelector(".num").textContent = c.progress.done.toLocaleString("en") + " of " + c.progress.of.toLocaleString("en");
  } else bar.removeAttribute("value");
}

async function renew() {
  try {
    const answer = await fetch(location.href);
    if (answer.redirected || !answer.ok) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const here = document.querySelector("main");
    here.replaceChildren(...page.querySelector("main").childNodes);
    window.htmx?.process(here);
    document.title = page.title;
    document.dispatchEvent(new Event("htmx:after:swap"));
    follow();
  } catch {
    setTimeout(renew, 2000);
  }
}

function follow() {
  const at = document.querySelector("[data-follow]");
  stream?.close();
  stream = null;
  if (!at) return;
  stream = new EventSource(at.dataset.follow);
  stream.addEventListener("open", () => {
    broken?.remove();
    broken = null;
  });
  stream.addEventListener("change", (e) => {
    const c = JSON.parse(e.data);
    if (c.state === at.dataset.state && !c.stopping) return progress(c);
    if (c.state === at.dataset.state && document.querySelector("[data-stopping]")) return progress(c);
    stream.close();
    renew();
  });
  stream.addEventListener("gone", () => location.reload());
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(renew, 2000);
    broken ??= sutor.tell("!", "warn", "The connection is lost; trying again. The work goes on at the server.");
  });
}
follow();
