"""An independent, literal implementation of the region extractor's specification: a caffe-style ResNet C4 Faster R-CNN with attributes.

n: boxes x1, y1, x2, y2 in pixels, a box covering x2 - x1 + 1 by y2 - y1 + 1 of them; R: regions; A: anchors in a cell; C: channels; h, w: cells."""
import math

import numpy as np
import torch
import torch.nn.functional as F

CLAMP = math.log(1000 / 16)
half_even = round  # Python's rule is the specification's.


def output_size(height, width, short, long):
    s = short / min(height, width)
    if half_even(s * max(height, width)) > long:
        s = long / max(height, width)
    return s, half_even(height * s), half_even(width * s)


def taps(n, size, s):
    u = ((np.arange(size) + 0.5) * (1 / s) - 0.5).astype(np.float32)
    i = np.floor(u).astype(np.int64)
    a = (u - i.astype(np.float32)).astype(np.float32)
    a[(i < 0) | (i >= n - 1)] = 0
    i = i.clip(0, n - 1)
    return i, np.minimum(i + 1, n - 1), a


def resize(picture, s, height, width):
    """float32 [H, W, 3] by OpenCV's bilinear rule with step 1 / s."""
    if picture.shape[:2] == (height, width):
        return picture
    i, j, a = taps(picture.shape[1], width, s)
    rows = picture[:, i] * (1 - a)[None, :, None] + picture[:, j] * a[None, :, None]
    i, j, a = taps(picture.shape[0], height, s)
    return rows[i] * (1 - a)[:, None, None] + rows[j] * a[:, None, None]


def cell_anchors(c):
    boxes, centre = [], (c["anchor_base"] - 1) / 2
    for ratio in c["anchor_ratios"]:
        w = half_even(math.sqrt(c["anchor_base"] ** 2 / ratio))
        h = half_even(w * ratio)
        for scale in c["anchor_scales"]:
            x, y = (w * scale - 1) / 2, (h * scale - 1) / 2
            boxes.append([centre - x, centre - y, centre + x, centre + y])
    return torch.tensor(boxes, dtype=torch.float32)


def norm_conv(w, key, x, stride=1, pad=0, dilation=1):
    n = key + ".norm."
    y = F.conv2d(x, w[key + ".weight"], None, stride, pad, dilation)
    row = lambda name: w[n + name].view(1, -1, 1, 1)
    return (y - row("running_mean")) / torch.sqrt(row("running_var") + 1e-5) * row("weight") + row("bias")


def stage(w, prefix, blocks, x, stride, dilation=1):
    for i in range(blocks):
        k = f"{prefix}.{i}."
        s = stride if i == 0 else 1
        y = F.relu(norm_conv(w, k + "conv1", x, s))
        y = F.relu(norm_conv(w, k + "conv2", y, 1, dilation, dilation))
        y = norm_conv(w, k + "conv3", y)
        x = F.relu(y + (norm_conv(w, k + "shortcut", x, s) if k + "shortcut.weight" in w else x))
    return x


def backbone(w, c, blob):
    x = F.relu(norm_conv(w, "backbone.stem.conv1", blob, 2, 3))
    maps = {"stem": F.max_pool2d(x, 3, 2, 0, ceil_mode=True)}
    for before, name, stride, blocks in (("stem", "res2", 1, c["blocks"][0]), ("res2", "res3", 2, c["blocks"][1]), ("res3", "res4", 2, c["blocks"][2])):
        maps[name] = stage(w, "backbone." + name, blocks, maps[before], stride)
    return maps


def res5(w, c, pooled, dilation=None):
    dilation = dilation or c["res5_dilation"]
    return stage(w, "roi_heads.res5", c["blocks"][3], pooled, 2 if dilation == 1 else 1, dilation)


def decode(boxes, deltas):
    """[n, 4] moved by [n, 4k]."""
    w, h = boxes[:, 2] - boxes[:, 0] + 1, boxes[:, 3] - boxes[:, 1] + 1
    x, y = boxes[:, 0] + 0.5 * w, boxes[:, 1] + 0.5 * h
    d = deltas.view(len(boxes), -1, 4)
    cx, cy = d[..., 0] * w[:, None] + x[:, None], d[..., 1] * h[:, None] + y[:, None]
    nw, nh = d[..., 2].clamp(max=CLAMP).exp() * w[:, None], d[..., 3].clamp(max=CLAMP).exp() * h[:, None]
    return torch.stack([cx - nw / 2, cy - nh / 2, cx + nw / 2, cy + nh / 2], -1).view(len(boxes), -1)


def clip(boxes, right, bottom):
    x, y = boxes[:, 0::2].clamp(0, right), boxes[:, 1::2].clamp(0, bottom)
    return torch.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1)


def overlaps(boxes):
    area = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    w = (torch.min(boxes[:, None, 2], boxes[None, :, 2]) - torch.max(boxes[:, None, 0], boxes[None, :, 0]) + 1).clamp(min=0)
    h = (torch.min(boxes[:, None, 3], boxes[None, :, 3]) - torch.max(boxes[:, None, 1], boxes[None, :, 1]) + 1).clamp(min=0)
    return w * h / (area[:, None] + area[None] - w * h)


def suppress(iou, scores, threshold):
    """Indices kept, ascending; a box at the threshold is suppressed."""
    alive = np.ones(len(scores), dtype=bool)
    over = (iou >= np.float32(threshold)).numpy()
    kept = []
    for i in scores.sort(descending=True, stable=True)[1].tolist():
        if alive[i]:
            kept.append(i)
            alive &= ~over[i]
    return sorted(kept)


def away(x):
    whole = math.trunc(x)
    return whole + int(math.copysign(1, x)) if abs(x - whole) >= 0.5 else whole


def roi_pool(x, boxes, size):
    height, width = x.shape[2:]
    out = torch.zeros(len(boxes), x.shape[1], size, size)
    scaled = (boxes.numpy() * np.float32(1 / 16)).astype(np.float32)
    for r, (x1, y1, x2, y2) in enumerate(scaled.tolist()):
        left, top = away(x1), away(y1)
        bw = np.float32(max(away(x2) - left + 1, 1)) / np.float32(size)
        bh = np.float32(max(away(y2) - top + 1, 1)) / np.float32(size)
        edge = lambda p, b, start, end: (min(max(int(np.floor(np.float32(p) * b)) + start, 0), end), min(max(int(np.ceil(np.float32(p + 1) * b)) + start, 0), end))
        for p in range(size):
            a, b = edge(p, bh, top, height)
            for q in range(size):
                e, f = edge(q, bw, left, width)
                if b > a and f > e:
                    out[r, :, p, q] = x[0, :, a:b, e:f].amax((1, 2))
    return out


def roi_align(x, boxes, size, samples, aligned):
    height, width = x.shape[2:]
    picture = x[0].numpy()
    one, half = np.float32(1), np.float32(0.5)
    scaled = (boxes.numpy() * np.float32(1 / 16)).astype(np.float32) - (half if aligned else np.float32(0))

    def weights(start, end, cells):
        """[size * n, cells] of bilinear weights along one axis, and n."""
        length = end - start if aligned else max(end - start, one)
        step = length / np.float32(size)
        n = samples if samples > 0 else int(math.ceil(step))
        rows = np.zeros((size * max(n, 0), cells), dtype=np.float32)
        for p in range(size):
            for i in range(n):
                at = start + np.float32(p) * step + (np.float32(i) + half) * step / np.float32(n)
                if at < -1 or at > cells:
                    continue
                at = max(at, np.float32(0))
                low = int(at)
                if low >= cells - 1:
                    rows[p * n + i, cells - 1] = 1
                    continue
                a = np.float32(at - np.float32(low))
                rows[p * n + i, low] += one - a
                rows[p * n + i, low + 1] += a
        return rows, n

    out = torch.zeros(len(boxes), x.shape[1], size, size)
    for r, (x1, y1, x2, y2) in enumerate(scaled):
        (wy, ny), (wx, nx) = weights(y1, y2, height), weights(x1, x2, width)
        if ny < 1 or nx < 1:
            continue
        points = np.einsum("ph,chw,qw->cpq", wy, picture, wx, optimize=True)
        out[r] = torch.from_numpy(points.reshape(-1, size, ny, size, nx).sum((2, 4)) / np.float32(ny * nx))
    return out


def predict(w, features):
    p = "roi_heads.box_predictor."
    linear = lambda name, x: F.linear(x, w[p + name + ".weight"], w[p + name + ".bias"])
    logits = linear("cls_score", features)
    best = logits.argmax(1)
    attributes = linear("attr_linear2", F.relu(linear("attr_linear1", torch.cat([features, w[p + "cls_embed.weight"][best]], 1))))
    return {"cls_logits": logits, "bbox_deltas": linear("bbox_pred", features), "cls_argmax": best, "attr_logits": attributes}


def max_conf(boxes, probabilities, threshold):
    iou, best = overlaps(boxes), torch.zeros(len(boxes))
    for k in range(1, probabilities.shape[1]):
        kept = suppress(iou, probabilities[:, k], threshold)
        best[kept] = torch.max(best[kept], probabilities[kept, k])
    return best


def keep(confidence, minimum, maximum, threshold):
    seen = (confidence >= threshold).nonzero()[:, 0]
    if minimum <= len(seen) <= maximum:
        return seen
    return confidence.sort(descending=True, stable=True)[1][: minimum if len(seen) < minimum else maximum]


def proposals(w, c, res4, height, width, s):
    """Every step from the res4 map to the proposals."""
    r, p = {}, "proposal_generator.rpn_head."
    conv = lambda name, x, pad=0: F.conv2d(x, w[p + name + ".weight"], w[p + name + ".bias"], 1, pad)
    r["rpn.hidden"] = F.relu(conv("conv", res4, 1))
    r["rpn.objectness_logits"], r["rpn.anchor_deltas"] = conv("objectness_logits", r["rpn.hidden"]), conv("anchor_deltas", r["rpn.hidden"])
    cells = w["proposal_generator.anchor_generator.cell_anchors.0"]
    a, (h, v) = len(cells), res4.shape[2:]
    r["rpn.fg_prob_flat"] = r["rpn.objectness_logits"].view(2, a, h, v).softmax(0)[1].permute(1, 2, 0).reshape(-1)
    r["rpn.deltas_flat"] = r["rpn.anchor_deltas"].view(a, 4, h, v).permute(2, 3, 0, 1).reshape(-1, 4)
    r["anchors"] = torch.stack([cells[k] + torch.tensor([16.0 * j, 16.0 * i, 16.0 * j, 16.0 * i]) for i in range(h) for j in range(v) for k in range(a)])
    r["rpn.decoded"] = decode(r["anchors"], r["rpn.deltas_flat"])
    b = r["rpn.clipped"] = clip(r["rpn.decoded"], width - 1, height - 1)
    least = c["min_size"] * s
    valid = (b[:, 2] > b[:, 0]) & (b[:, 3] > b[:, 1]) & (b[:, 2] - b[:, 0] + 1 > least) & (b[:, 3] - b[:, 1] + 1 > least)
    r["rpn.valid_mask"] = valid.to(torch.uint8)
    index = valid.nonzero()[:, 0]
    order = index[r["rpn.fg_prob_flat"][index].sort(descending=True, stable=True)[1][: c["pre_nms_topk"]]]
    r["rpn.pre_nms_index"], r["rpn.pre_nms_boxes"], r["rpn.pre_nms_scores"] = order, b[order], r["rpn.fg_prob_flat"][order]
    r["rpn.nms_keep"] = torch.tensor(suppress(overlaps(b[order]), r["rpn.pre_nms_scores"], c["rpn_nms"])[: c["post_nms_topk"]])
    r["proposals"], r["proposal_scores"] = b[order][r["rpn.nms_keep"]], r["rpn.pre_nms_scores"][r["rpn.nms_keep"]]
    return r


def regions(prefix, p, features, boxes, which):
    classes, attributes = p["cls_probs"][:, 1:][which].max(1), p["attr_probs"][:, 1:][which].max(1)
    return {f"{prefix}.x": features[which], f"{prefix}.bbox": boxes[which], f"{prefix}.objects_id": classes[1], f"{prefix}.objects_conf": classes[0],
            f"{prefix}.attrs_id": attributes[1], f"{prefix}.attrs_conf": attributes[0]}


def described(w, c, res4, boxes):
    """What the head says of boxes in pixels of the network's input."""
    features = res5(w, c, roi_pool(res4, boxes, c["pool"])).mean((2, 3))
    p = predict(w, features)
    return {"features": features, **p, "cls_probs": p["cls_logits"].softmax(1), "attr_probs": p["attr_logits"].softmax(1)}


def extract(w, c, res4, height, width, s, variants, given):
    """From the res4 map to everything that an extractor writes, in each of its modes."""
    r = proposals(w, c, res4, height, width, s)
    p = described(w, c, res4, r["proposals"])
    r.update({f"head.{k}": v for k, v in p.items()})
    scale = torch.tensor(s, dtype=torch.float32)
    dets = r["select.dets_original"] = r["proposals"] / scale
    confidence = r["select.max_conf"] = max_conf(dets, p["cls_probs"], c["cls_nms"])
    r["select.keep"] = keep(confidence, c["min_boxes"], c["max_boxes"], c["conf_thresh"])
    r.update(regions("out", p, p["features"], dets, r["select.keep"]))
    for name, v in variants.items():
        r[f"select.keep.{name}"] = keep(confidence, v["min_boxes"], v["max_boxes"], v["conf_thresh"])
    r["bboxes_mode.regressed_all"] = decode(dets, p["bbox_deltas"])
    best = p["cls_probs"][:, 1:].argmax(1) + 1
    moved = r["bboxes_mode.regressed_all"].view(len(dets), -1, 4)[torch.arange(len(dets)), best]
    r["bboxes_mode.argmax_boxes"] = clip(moved, width / s - 1, height / s - 1)
    r["bboxes_mode.max_conf"] = max_conf(r["bboxes_mode.argmax_boxes"], p["cls_probs"], c["cls_nms"])
    r["bboxes_mode.keep"] = r["bboxes_mode.max_conf"].sort(descending=True, stable=True)[1][: c["max_boxes"]]
    p = described(w, c, res4, given * scale)
    r.update({"bbox_feats_mode.given_boxes": given, **regions("bbox_feats_mode", p, p["features"], given, torch.arange(len(given)))})
    return r


def fixed(w, c, res4, boxes):
    """Poolings and head of chosen boxes."""
    r = {"fixed.boxes": boxes, "fixed.roi_pool14": roi_pool(res4, boxes, 14)}
    for samples in (0, 2):
        for aligned in (True, False):
            r[f"fixed.roi_align7_{'aligned' if aligned else 'legacy'}_sr{samples}"] = roi_align(res4, boxes, 7, samples, aligned)
    r["fixed.roi_align14_aligned_sr2"] = roi_align(res4, boxes[:4], 14, 2, True)
    r["fixed.res5"] = res5(w, c, r["fixed.roi_pool14"][:4])
    r["fixed.features"] = res5(w, c, r["fixed.roi_pool14"]).mean((2, 3))
    r.update({f"fixed.{k}": v for k, v in predict(w, r["fixed.features"]).items()})
    r["fixed.res5_stride2_features"] = res5(w, c, r["fixed.roi_pool14"], 1).mean((2, 3))
    return r


def units(u):
    """The outputs that belong to a set's small inputs."""
    r = {"unit.decode.out": decode(u["unit.decode.boxes"], u["unit.decode.deltas"]), "unit.nms.iou_plus1": overlaps(u["unit.nms.boxes"])}
    for threshold in (0.3, 0.5, 0.7):
        r[f"unit.nms.keep_thr_{threshold}"] = torch.tensor(suppress(r["unit.nms.iou_plus1"], u["unit.nms.scores"], threshold))
    for name in sorted(k[:-7] for k in u if k.endswith(".in_hwc")):
        picture, s = u[name + ".in_hwc"].numpy(), u[name + ".scale"].item()
        r[name + ".out_hwc"] = torch.from_numpy(resize(picture, s, half_even(picture.shape[0] * s), half_even(picture.shape[1] * s)).copy())
    for name in ("roipool", "roipool_wide"):
        for size in (14, 7):
            r[f"unit.{name}.out{size}"] = roi_pool(u[f"unit.{name}.map"], u[f"unit.{name}.boxes"], size)
    for samples in (0, 2):
        for aligned in (True, False):
            r[f"unit.roialign.out7_sr{samples}_{'aligned' if aligned else 'legacy'}"] = roi_align(u["unit.roialign.map"], u["unit.roialign.boxes"], 7, samples, aligned)
    return r
