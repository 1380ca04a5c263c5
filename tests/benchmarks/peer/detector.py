"""The caffe-style ResNet-101 C4 Faster R-CNN in PyTorch, written from the specification, as the published extractor computes it: batch norms after
the convolutions, RoIPool, res5 over all proposals in chunks of 25. Its suppressions are vectorised, unlike the published ones."""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import nms, roi_pool


class NormConv(nn.Module):
    def __init__(self, i, o, k, stride=1, dilation=1):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(o, i, k, k))
        self.norm = nn.BatchNorm2d(o)
        self.stride, self.dilation = stride, dilation

    def forward(self, x):
        return self.norm(F.conv2d(x, self.weight, None, self.stride, self.weight.shape[2] // 2 * self.dilation, self.dilation))


class Bottleneck(nn.Module):
    def __init__(self, i, mid, o, stride, dilation=1):
        super().__init__()
        self.shortcut = NormConv(i, o, 1, stride) if i != o else None
        self.conv1, self.conv2, self.conv3 = NormConv(i, mid, 1, stride), NormConv(mid, mid, 3, dilation=dilation), NormConv(mid, o, 1)

    def forward(self, x):
        y = self.conv3(F.relu_(self.conv2(F.relu_(self.conv1(x)))))
        return F.relu_(y + (x if self.shortcut is None else self.shortcut(x)))


def stage(blocks, i, mid, o, stride, dilation=1):
    return nn.Sequential(*(Bottleneck(i if b == 0 else o, mid, o, stride if b == 0 else 1, dilation) for b in range(blocks)))


class Detector(nn.Module):
    def __init__(self, anchors, classes=1601, attributes=401):
        super().__init__()
        self.backbone = nn.ModuleDict({"stem": nn.ModuleDict({"conv1": NormConv(3, 64, 7, 2)}), "res2": stage(3, 64, 64, 256, 1),
                                       "res3": stage(4, 256, 128, 512, 2), "res4": stage(23, 512, 256, 1024, 2)})
        a = len(anchors)
        self.proposal_generator = nn.ModuleDict({"rpn_head": nn.ModuleDict({"conv": nn.Conv2d(1024, 512, 3, padding=1),
                                                 "objectness_logits": nn.Conv2d(512, 2 * a, 1), "anchor_deltas": nn.Conv2d(512, 4 * a, 1)})})
        self.roi_heads = nn.ModuleDict({"res5": stage(3, 1024, 512, 2048, 1, 2), "box_predictor": nn.ModuleDict({
            "cls_score": nn.Linear(2048, classes), "bbox_pred": nn.Linear(2048, 4 * classes), "cls_embed": nn.Embedding(classes, 256),
            "attr_linear1": nn.Linear(2304, 512), "attr_linear2": nn.Linear(512, attributes)})})
        self.cells = anchors

    def forward(self, bgr):
        """Picture [H, W, 3] to features, boxes, classes and attributes of the regions kept."""
        h, w = bgr.shape[:2]
        s = min(600 / min(h, w), 1000 / max(h, w))
        x = (bgr.double() - torch.tensor([102.9801, 115.9465, 122.7717], device=bgr.device)).float().permute(2, 0, 1).unsqueeze(0)
        if s != 1:
            x = F.interpolate(x, size=(round(h * s), round(w * s)), mode="bilinear")
        b = self.backbone
        x = F.max_pool2d(F.relu_(b["stem"]["conv1"](x)), 3, 2, ceil_mode=True)
        m = b["res4"](b["res3"](b["res2"](x)))
        boxes = self.propose(m, round(h * s), round(w * s), s)
        features = torch.cat([self.roi_heads["res5"](p).mean((2, 3)) for p in roi_pool(m, [boxes], 14, 1 / 16).split(25)])
        p = self.roi_heads["box_predictor"]
        logits = p["cls_score"](features)
        p["bbox_pred"](features)
        attributes = p["attr_linear2"](F.relu_(p["attr_linear1"](torch.cat([features, p["cls_embed"](logits.argmax(1))], 1)))).softmax(1)
        keep = self.select(boxes / s, logits.softmax(1))
        return features[keep], boxes[keep] / s, logits[keep, 1:].argmax(1), attributes[keep, 1:].argmax(1)

    def propose(self, m, height, width, s):
        head = self.proposal_generator["rpn_head"]
        hidden = F.relu_(head["conv"](m))
        a, (h, w) = len(self.cells), m.shape[2:]
        scores = head["objectness_logits"](hidden).view(2, a, h, w).softmax(0)[1].permute(1, 2, 0).reshape(-1)
        d = head["anchor_deltas"](hidden).view(a, 4, h, w).permute(2, 3, 0, 1).reshape(-1, 4)
        y, x = torch.meshgrid(torch.arange(h, device=m.device) * 16.0, torch.arange(w, device=m.device) * 16.0, indexing="ij")
        anchors = (torch.stack([x, y, x, y], -1).view(-1, 1, 4) + self.cells).view(-1, 4)
        size = anchors[:, 2:] - anchors[:, :2] + 1
        centre = anchors[:, :2] + 0.5 * size + d[:, :2] * size
        size = size * d[:, 2:].clamp(max=math.log(1000 / 16)).exp()
        boxes = torch.cat([centre - size / 2, centre + size / 2], 1)
        boxes = torch.min(boxes.clamp(min=0), torch.tensor([width - 1.0, height - 1.0], device=m.device).repeat(2))
        sides = boxes[:, 2:] - boxes[:, :2]
        large = ((sides > 0) & (sides + 1 > 16 * s)).all(1).nonzero()[:, 0]
        order = large[scores[large].sort(descending=True, stable=True)[1][:6000]]
        boxes = boxes[order]
        return boxes[nms(boxes + torch.tensor([0, 0, 1.0, 1.0], device=m.device), scores[order], 0.7)[:300]]

    @staticmethod
    def select(boxes, probabilities):
        """Suppression for every class at once, rank by rank; then 10 to 100 boxes."""
        n = len(boxes)
        area = (boxes[:, 2:] - boxes[:, :2] + 1).prod(1)
        inter = (torch.min(boxes[:, None, 2:], boxes[None, :, 2:]) - torch.max(boxes[:, None, :2], boxes[None, :, :2]) + 1).clamp(min=0).prod(2)
        overlaps = inter / (area[:, None] + area[None] - inter) >= 0.3
        scores = probabilities[:, 1:].t()
        order = scores.argsort(1, descending=True)
        alive, rows = torch.ones_like(scores, dtype=torch.bool), torch.arange(len(scores), device=scores.device)
        kept = torch.zeros_like(alive)
        for rank in range(n):
            i = order[:, rank]
            now = alive[rows, i]
            kept[rows, i] = now
            alive &= ~(overlaps[i] & now[:, None])
        confidence = torch.where(kept, scores, torch.zeros_like(scores)).max(0)[0]
        seen = (confidence >= 0.2).nonzero()[:, 0]
        if len(seen) < 10 or len(seen) > 100:
            return confidence.argsort(descending=True)[:10 if len(seen) < 10 else 100]
        return seen
