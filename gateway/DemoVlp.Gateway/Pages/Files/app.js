import { ApiError, forgetKey, getJson, hasKey, onKeyNeeded, sendJson, upload } from "./api.js";
import { badge, byId, isBusy, make, percent, picture, size, time } from "./views.js";

const pageSize = 24;
let videos = [];
let nextCursor = null;
let open = null;

// ---- the key

onKeyNeeded(message => new Promise(resolve => {
  const dialog = byId("key-dialog");
  if (message) byId("key-why").textContent = message;
  byId("key").value = "";
  // Without a key there is nothing to see, so the question cannot be closed.
  dialog.oncancel = event => event.preventDefault();
  byId("key-form").onsubmit = () => {
    byId("change-key").hidden = false;
    resolve(byId("key").value.trim());
  };
  dialog.showModal();
}));
byId("change-key").hidden = !hasKey();
byId("change-key").onclick = () => { forgetKey(); location.reload(); };

// ---- the library

async function refresh() {
  const page = await getJson(`/videos?limit=${Math.max(pageSize, Math.min(100, videos.length))}`);
  // What was shown beyond the first page stays as it was.
  const known = new Set(page.items.map(video => video.id));
  const last = page.items.at(-1)?.createdAt ?? "";
  const rest = page.nextCursor ? videos.filter(video => !known.has(video.id) && video.createdAt < last) : [];
  if (rest.length === 0) nextCursor = page.nextCursor;
  show([...page.items, ...rest]);
}

function show(list) {
  videos = list;
  byId("empty").hidden = list.length > 0;
  byId("more").hidden = nextCursor === null;
  byId("count").textContent = list.length ? `${list.length}${nextCursor ? "+" : ""}` : "";
  const cards = new Map([...byId("videos").children].map(item => [item.dataset.id, item]));
  byId("videos").replaceChildren(...list.map(video => {
    const state = JSON.stringify([video.status, video.title, video.frames.length, video.progress]);
    const old = cards.get(video.id);
    // An unchanged card stays the same element: focus and pictures stay too.
    return old?.dataset.state === state ? old : videoCard(video, state);
  }));
  const shown = open && list.find(video => video.id === open.id);
  if (shown && (shown.status !== open.status || shown.detectorHash !== open.detectorHash)) showDetail(shown);
}

function videoCard(video, state) {
  const middle = video.frames.length ? video.frames[Math.floor(video.frames.length / 2)].index : null;
  const facts = [video.durationSeconds ? time(video.durationSeconds) : null, size(video.bytes)].filter(Boolean).join(" · ");
  const card = make("button", { type: "button", className: "card", onclick: () => showDetail(videos.find(v => v.id === video.id) ?? video) },
    picture(video.id, middle),
    make("span", { className: "text" }, make("strong", { textContent: video.title, title: video.title }), badge(video), make("span", { className: "quiet", textContent: facts })));
  const item = make("li", {}, card);
  item.dataset.id = video.id;
  item.dataset.state = state;
  return item;
}

byId("more").onclick = async () => {
  const page = await getJson(`/videos?limit=${pageSize}&cursor=${encodeURIComponent(nextCursor)}`);
  nextCursor = page.nextCursor;
  const known = new Set(videos.map(video => video.id));
  show([...videos, ...page.items.filter(video => !known.has(video.id))]);
};

async function watch() {
  try {
    if (!document.hidden) await refresh();
    byId("empty").textContent = "No videos yet.";
  } catch (error) {
    byId("empty").hidden = videos.length > 0;
    byId("empty").textContent = error instanceof ApiError ? error.message : "The system does not answer. Trying again.";
  }
  setTimeout(watch, videos.some(isBusy) ? 1500 : 8000);
}

// ---- uploads, one after the other

let queue = Promise.resolve();

function add(files) {
  const caption = byId("caption").value.trim();
  byId("caption").value = "";
  for (const file of files) {
    const bar = make("progress", { max: 1, value: 0, ariaLabel: `Upload of ${file.name}` });
    const state = make("span", { textContent: "waiting" });
    const row = make("li", {}, make("span", { textContent: file.name }), state, bar);
    byId("uploads").append(row);
    queue = queue.then(async () => {
      try {
        const done = await upload(file, caption, share => { bar.value = share; state.textContent = share < 1 ? percent(share) : "checking"; });
        state.textContent = done.alreadyThere ? "was there already" : "uploaded";
        setTimeout(() => row.remove(), 4000);
      } catch (error) {
        state.textContent = error.message;
        state.className = "error";
      }
      bar.remove();
      await refresh().catch(() => {});
    });
  }
}

const drop = byId("upload");
drop.onsubmit = event => event.preventDefault();
byId("files").onchange = event => { add([...event.target.files]); event.target.value = ""; };
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, event => { event.preventDefault(); drop.classList.add("over"); });
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, event => { event.preventDefault(); drop.classList.remove("over"); });
drop.addEventListener("drop", event => add([...event.dataTransfer.files]));

// ---- search and questions over the library

byId("search").onsubmit = async event => {
  event.preventDefault();
  const query = byId("query").value.trim();
  const asking = event.submitter?.id === "ask-all";
  history.replaceState(null, "", `?${new URLSearchParams(asking ? { ask: query } : { q: query })}`);
  await tell("search-status", asking ? "Asking …" : "Searching …", async () => {
    byId("results").replaceChildren();
    return asking ? askLibrary(query) : search(query);
  });
};

async function search(query) {
  const found = await sendJson("POST", "/search", { query, limit: 12 });
  byId("results").className = "cards";
  byId("results").replaceChildren(...found.items.map(hit => {
    const index = hit.moment?.frameIndex ?? hit.evidence[0]?.frameIndex ?? 0;
    const here = hit.evidence.filter(evidence => evidence.frameIndex === index);
    return make("li", {}, make("button", { type: "button", className: "card", onclick: () => openById(hit.videoId, index, hit.evidence.map(labelled)) },
      picture(hit.videoId, index, { alt: `Frame of ${hit.title}`, boxes: here.map(labelled) }),
      make("span", { className: "text" },
        make("strong", { textContent: hit.title }),
        make("span", { className: "quiet", textContent: [`score ${hit.score.toFixed(2)}`, hit.moment ? `at ${time(hit.moment.timestampSeconds)}` : null].filter(Boolean).join(" · ") }),
        here.length ? make("span", { className: "quiet", textContent: `shown: ${[...new Set(here.map(e => e.word))].join(", ")}` }) : null)));
  }));
  const count = found.items.length;
  return (count ? `${count} ${count === 1 ? "video" : "videos"}, best first.` : "No video is indexed yet.") + truncated(found);
}

async function askLibrary(question) {
  const answered = await sendJson("POST", "/answers", { question, limit: 8 });
  byId("results").className = "answers";
  byId("results").replaceChildren(...answered.answers.map(answer => make("li", { className: "wide" },
    make("strong", { textContent: answer.answer }),
    make("button", { type: "button", className: "link", textContent: answer.title + (answer.moment ? ` at ${time(answer.moment.timestampSeconds)}` : ""), onclick: () => openById(answer.videoId, answer.moment?.frameIndex) }),
    make("span", { className: "quiet", textContent: percent(answer.probability) }))));
  return (answered.answers.length ? "" : "No video is indexed yet.") + truncated(answered);
}

const labelled = evidence => ({ ...evidence, label: evidence.word });
const truncated = answer => (answer.truncated ? " The text is longer than the model reads; its end was left out." : "");

async function tell(place, meanwhile, work) {
  byId(place).textContent = meanwhile;
  try {
    byId(place).textContent = (await work()) ?? "";
  } catch (error) {
    byId(place).textContent = error.message;
  }
}

// ---- one video

async function openById(id, frame, boxes) {
  try {
    showDetail(await getJson(`/videos/${id}`), frame, boxes);
  } catch (error) {
    byId("search-status").textContent = error.message;
  }
}

function showDetail(video, frame, boxes = []) {
  const anew = open?.id !== video.id || frame !== undefined;
  open = video;
  byId("detail-title").textContent = video.title;
  if (anew) {
    byId("answers").replaceChildren();
    byId("ask-status").textContent = "";
    byId("question").value = "";
  }
  byId("ask").hidden = video.status !== "indexed";
  byId("retry").hidden = video.status !== "failed";
  showFrame(video, frame ?? video.frames[Math.floor(video.frames.length / 2)]?.index, boxes);
  const facts = {
    Status: badge(video), Length: video.durationSeconds ? time(video.durationSeconds) : null, Picture: video.width ? `${video.width} × ${video.height}` : null,
    Size: size(video.bytes), Regions: video.regionCount ? `${video.regionCount} by ${video.detector} ${video.detectorHash?.slice(0, 8) ?? ""}` : null,
    Renewal: renewal(video), Captions: video.captions.join("; ") || null, Model: video.modelVersion, Id: video.id,
  };
  byId("facts").replaceChildren(...Object.entries(facts).filter(([, value]) => value).flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", {}, value)]));
  if (!byId("detail").open) byId("detail").showModal();
}

function renewal(video) {
  if (!video.renewal) return null;
  if (video.renewal.failure) return `the old regions stay: ${video.renewal.failure.detail}`;
  return video.progress ? `${video.progress.framesExtracted} of ${video.progress.framesTotal} frames by another detector` : "new regions are being embedded";
}

let regionsShown = false;

function showFrame(video, index, boxes) {
  const regionsOf = regionsShown && video.regionCount ? video.detectorHash ?? "" : null;
  const alt = `Frame ${index + 1} of ${video.title}${regionsOf === null ? "" : ", with its regions"}`;
  byId("stage").replaceChildren(...(index === undefined ? [] : [picture(video.id, index, { alt, regionsOf, boxes: regionsOf === null ? boxes.filter(box => box.frameIndex === index) : [] })]));
  byId("regions").hidden = index === undefined || !video.regionCount;
  byId("regions").ariaPressed = String(regionsShown);
  byId("regions").onclick = () => { regionsShown = !regionsShown; showFrame(video, index, boxes); };
  byId("strip").replaceChildren(...video.frames.map(frame => make("li", {}, make("button", {
    type: "button", ariaPressed: String(frame.index === index), onclick: () => showFrame(video, frame.index, boxes),
  }, picture(video.id, frame.index, { alt: `Frame ${frame.index + 1}` }), time(frame.timestampSeconds)))));
}

byId("ask").onsubmit = async event => {
  event.preventDefault();
  const video = open;
  await tell("ask-status", "Asking …", async () => {
    const answered = await sendJson("POST", `/videos/${video.id}/answers`, { question: byId("question").value.trim() });
    byId("answers").replaceChildren(...answered.answers.map(answer => make("li", {},
      make("strong", { textContent: answer.answer }),
      make("meter", { min: 0, max: 1, value: answer.probability, ariaLabel: `Probability of ${answer.answer}` }),
      make("span", { className: "quiet", textContent: percent(answer.probability) }))));
    if (answered.evidence.length) showFrame(video, answered.evidence[0].frameIndex, answered.evidence);
    return truncated(answered);
  });
};
byId("detail-close").onclick = () => byId("detail").close();
byId("detail").onclose = () => { open = null; };
byId("retry").onclick = () => act(() => sendJson("POST", `/videos/${open.id}/retry`));
byId("delete").onclick = () => {
  if (confirm(`Delete “${open.title}” and everything made of it?`)) act(() => sendJson("DELETE", `/videos/${open.id}`));
};

async function act(work) {
  await tell("ask-status", "", async () => {
    await work();
    byId("detail").close();
    await refresh();
  });
}

// ---- links that can be shared: /?q=words, /?ask=question, /?video=id

async function followLink() {
  const link = new URLSearchParams(location.search);
  byId("query").value = link.get("q") ?? link.get("ask") ?? "";
  if (byId("query").value) byId("search").requestSubmit(link.has("ask") ? byId("ask-all") : undefined);
  if (link.has("video")) await openById(link.get("video"));
}

watch();
followLink();
