// A page with data-again shows work that goes on: it is asked for again, its content
// put in place, until it says no more. A lost connection is told, and tried again.
let lost = null;

async function again(url, wait) {
  let failed = false;
  try {
    const answer = await fetch(url, { headers: { "Sutor-Again": "1" } });
    if (answer.redirected || !answer.ok) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    const here = document.querySelector("main");
    if (main.innerHTML !== here.innerHTML) {
      here.replaceChildren(...main.childNodes);
      window.htmx?.process(here);
      document.title = page.title;
    }
  } catch {
    failed = true;
  }
  if (failed && !lost) lost = sutor.tell("!", "warn", "The connection is lost; trying again. The work goes on at the server.");
  if (!failed && lost) {
    lost.remove();
    lost = null;
  }
  const next = document.querySelector("[data-again]");
  if (next) setTimeout(again, failed ? wait : 50, next.dataset.again, Math.min(wait * 2, 8000));
}

const running = document.querySelector("[data-again]");
if (running) setTimeout(again, 50, running.dataset.again, 1000);
