// Calls to the API. The key, where one is needed, lives in this tab's session storage only.
const root = "/api/v1";
const keyName = "demovlp-key";
let askForKey = null;

export const hasKey = () => sessionStorage.getItem(keyName) !== null;
export const forgetKey = () => sessionStorage.removeItem(keyName);
export const onKeyNeeded = ask => { askForKey = ask; };

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? `The answer was ${status}.`);
    this.status = status;
    this.code = problem?.code ?? `http-${status}`;
  }
}

const headers = () => (hasKey() ? { "X-Api-Key": sessionStorage.getItem(keyName) } : {});

// One question for a key at a time, however many calls wait for it.
let asking = null;
async function newKey(message) {
  asking ??= askForKey(message).finally(() => { asking = null; });
  sessionStorage.setItem(keyName, await asking);
}

async function request(path, init = {}) {
  for (;;) {
    const sent = sessionStorage.getItem(keyName);
    const response = await fetch(root + path, { ...init, headers: { ...init.headers, ...headers() } });
    if (response.ok) return response;
    const problem = await response.json().catch(() => null);
    if (response.status !== 401) throw new ApiError(response.status, problem);
    // Another call may have got a key meanwhile.
    if (sent === sessionStorage.getItem(keyName)) await newKey(sent === null ? null : problem?.detail);
  }
}

export const getJson = async path => (await request(path)).json();

export async function sendJson(method, path, body) {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const text = await (await request(path, init)).text();
  return text ? JSON.parse(text) : null;
}

// Pictures need the key too, which an <img> cannot send; frames never change, so each is fetched once.
const frames = new Map();
// Those with regions drawn on them change with the detector (regionsOf) alone.
export function frameUrl(videoId, index, regionsOf = null) {
  const path = `/videos/${videoId}/frames/${index}${regionsOf === null ? "" : "?overlay=regions"}`;
  const name = `${path} ${regionsOf ?? ""}`;
  if (!frames.has(name)) {
    const url = request(path).then(response => response.blob()).then(URL.createObjectURL);
    url.catch(() => frames.delete(name));
    frames.set(name, url);
  }
  return frames.get(name);
}

// XMLHttpRequest, because fetch does not tell how much of a body has been sent.
export async function upload(file, caption, onProgress) {
  await getJson("/videos?limit=1"); // Asks for the key before the bytes are on their way.
  const form = new FormData();
  if (caption) form.append("caption", caption);
  form.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", `${root}/videos`);
    for (const [name, value] of Object.entries(headers())) call.setRequestHeader(name, value);
    call.responseType = "json";
    call.upload.onprogress = event => { if (event.lengthComputable) onProgress(event.loaded / event.total); };
    call.onload = () => (call.status < 300 ? resolve({ video: call.response, alreadyThere: call.status === 200 }) : reject(new ApiError(call.status, call.response)));
    call.onerror = () => reject(new Error("The connection was lost."));
    call.send(form);
  });
}
