// Small builders of elements. Text from users is only ever set as text, never as markup.
import { frameUrl } from "./api.js";

export const byId = id => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

export const time = seconds => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
export const size = bytes => (bytes < 1 << 20 ? `${(bytes / 1024).toFixed(0)} KiB` : bytes < 1 << 30 ? `${(bytes / 1048576).toFixed(1)} MiB` : `${(bytes / 1073741824).toFixed(2)} GiB`);
export const percent = share => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

const words = { uploaded: "waiting", sampling: "sampling frames", extracting: "finding regions", embedding: "embedding", indexed: "ready", failed: "failed" };
export const isBusy = video => !["indexed", "failed"].includes(video.status);

export function badge(video) {
  const progress = video.progress?.framesTotal ? ` (${video.progress.framesExtracted} of ${video.progress.framesTotal} frames)` : "";
  const text = video.failure ? `failed: ${video.failure.detail}` : (words[video.status] ?? video.status) + (video.status === "extracting" ? progress : "");
  return make("span", { className: `badge ${isBusy(video) ? "busy" : video.status}`, textContent: text });
}

const svg = (tag, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

// A frame with boxes over it; boxes are in the frame's own pixels, which the picture tells once it is there.
export function picture(videoId, index, { alt = "", boxes = [], regionsOf = null } = {}) {
  const holder = make("span", { className: "picture" });
  if (index === null || index === undefined) return holder;
  const image = make("img", { alt, decoding: "async" });
  image.onload = () => {
    if (boxes.length === 0) return;
    const drawing = svg("svg", { viewBox: `0 0 ${image.naturalWidth} ${image.naturalHeight}`, class: "boxes", "aria-hidden": "true" });
    const heaviest = Math.max(...boxes.map(({ weight }) => weight ?? 1), Number.MIN_VALUE);
    for (const { box: [x1, y1, x2, y2], label, weight } of boxes) {
      const place = { x: x1, y: y1, width: Math.max(1, x2 - x1), height: Math.max(1, y2 - y1), opacity: 0.5 + (weight ?? 1) / heaviest / 2 };
      const shape = svg("rect", place);
      shape.append(Object.assign(svg("title", {}), { textContent: label ?? "" }));
      drawing.append(svg("rect", { ...place, class: "under" }), shape);
    }
    holder.append(drawing);
  };
  holder.append(image);
  frameUrl(videoId, index, regionsOf).then(url => { image.src = url; }, () => image.remove());
  return holder;
}
