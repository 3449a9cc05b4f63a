// The page as the fake sent it → a page that is alive. Locked, it first asks for the admin token.

import { adminHeaders, ask, Refusal, useAdminToken } from "./ask.js";
import { Conditions } from "./conditions.js";
import { Customers } from "./customers.js";
import { byId, complain } from "./elements.js";
import { Facts } from "./facts.js";
import { Faults } from "./faults.js";
import { Figures } from "./figures.js";
import { Journal } from "./journal.js";
import { Pulse } from "./pulse.js";
import { Trend } from "./trend.js";
import { tryIt } from "./try-it.js";
import { Verdict } from "./verdict.js";

function start() {
  const facts = new Facts();
  const journal = new Journal(() => pulse.beat());
  const verdict = new Verdict((number) => journal.show(number));
  const faults = new Faults((requestId) => journal.showRequest(requestId));
  const holdings = byId("figures") ? [new Figures(byId("figures")), new Trend(byId("trend")), new Customers(() => pulse.beat())] : [];
  const conditions = new Conditions(async () => {
    await pulse.beat();
    faults.refresh();
  });

  const pulse = new Pulse(async () => {
    try {
      const turned = facts.show(await ask("world"));
      complain(byId("lost"), null);
      if (turned) await Promise.all([conditions, ...holdings].map((each) => each.refresh()));
      if (await journal.refresh()) await Promise.all([verdict.refresh(), faults.refresh()]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      complain(byId("lost"), error.message);
    }
  });
  byId("pause").addEventListener("click", () => {
    pulse.paused = !pulse.paused;
    byId("pause").setAttribute("aria-pressed", pulse.paused);
    pulse.beat();
  });
  document.addEventListener("click", copied);
  document.addEventListener("click", followed);
  tryIt(byId("try-it"), () => pulse.beat());
  pulse.beat();
}

/** Put the command beside a pressed button into the clipboard. */
async function copied({ target }) {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  const line = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(line.textContent);
    button.firstChild.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(line); // no clipboard without TLS: the line is marked, to be copied by hand
    button.firstChild.textContent = "Marked";
  }
  setTimeout(() => (button.firstChild.textContent = "Copy"), 2000);
}

/** Take the focus along to the place in the page that a link leads to. */
function followed({ target }) {
  const place = byId(target.closest?.("a[href^='#']")?.hash.slice(1) ?? "");
  if (!place) return;
  place.tabIndex = -1;
  setTimeout(() => place.focus({ preventScroll: true })); // after the browser's own scrolling
}

async function unlock(event) {
  event.preventDefault();
  const form = event.target;
  useAdminToken(byId("admin-token").value.trim());
  const answer = await fetch(location.pathname, { headers: adminHeaders() }).catch(() => null);
  if (answer?.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.title = page.title;
    document.body.replaceWith(document.adoptNode(page.body));
    start();
    byId("main").focus();
  } else {
    const words = answer ? "That is not the admin token of this fake." : "The fake does not answer.";
    complain(form.querySelector(".error"), words);
    byId("admin-token").select();
  }
}

const locked = byId("unlock");
if (locked) locked.addEventListener("submit", unlock);
else start();
