using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

/// <summary>Boxes of one picture with the confidence each was chosen by, most confident first.</summary>
/// <param name="Boxes">[K, 4]: x1, y1, x2, y2 in pixels of the picture.</param>
/// <param name="Confidences">[K].</param>
public sealed record DetectedBoxes(float[] Boxes, float[] Confidences);

/// <summary>
/// Frames to region features: the whole way of bottom-up-attention.pytorch's feature extraction, in its three modes.
/// Synchronous. Calls may come from any thread, one at a time per device for the sake of its memory.
/// </summary>
/// <remarks>
/// Every frame gives at least one region. Where a picture is so small or so thin that no proposal is large enough, its one proposal is the
/// whole image; a side that would be resized to nothing is one pixel.
/// </remarks>
public sealed class RegionExtractor : IDisposable
{
    private readonly DetectorDirectory detector;
    private readonly Device device;

    private RegionExtractor(DetectorDirectory detector, Device device, ComputePrecision precision) =>
        (this.detector, this.device, DetectorHash, OnHost) = (detector, device, DetectorDirectory.HashWith(detector.Hash, precision), device.type != TorchSharp.DeviceType.CUDA);

    /// <summary>The detector's name.</summary>
    public string Detector => detector.Name;

    /// <summary>Identity of what the regions come from: the detector's files (<see cref="DetectorDirectory.HashOf"/>) and the type they are computed in (<see cref="DetectorDirectory.HashWith"/>).</summary>
    public string DetectorHash { get; }

    /// <summary>D, the length of a region's feature.</summary>
    public int FeatureDim => detector.Config.FeatureDim;

    /// <summary>Class names by id.</summary>
    public IReadOnlyList<string> Classes => detector.Classes;

    /// <summary>Attribute names by id.</summary>
    public IReadOnlyList<string> Attributes => detector.Attributes;

    /// <summary>Divides the number of regions that are looked at together, for a device whose memory is short. 1 by default; the results stay the same.</summary>
    public int RegionShare { get; set; } = 1;

    /// <summary>Reads a detector directory.</summary>
    /// <param name="directory">See <see cref="DetectorDirectory"/>.</param>
    /// <param name="device">See <see cref="ComputeDevice.Choose"/>.</param>
    /// <param name="precision">Type of the convolutions.</param>
    /// <exception cref="ModelFormatException">The directory cannot be used; its code says why.</exception>
    /// <exception cref="ComputeDeviceException">The device cannot be used.</exception>
    public static RegionExtractor Load(string directory, string device, ComputePrecision precision = ComputePrecision.Float32) =>
        Load(directory, ComputeDevice.Choose(device), precision);

    /// <summary>Reads a detector directory onto a device.</summary>
    /// <exception cref="ModelFormatException">The directory cannot be used; its code says why.</exception>
    public static RegionExtractor Load(string directory, Device device, ComputePrecision precision = ComputePrecision.Float32)
    {
        var detector = DetectorDirectory.Load(directory, device);
        detector.Network.Fold(precision == ComputePrecision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        return new RegionExtractor(detector, device, precision);
    }

    /// <summary>
    /// Whether the host is the device, as everywhere but on a GPU. Then <see cref="Extract"/> takes frames one by one, and the host chooses among boxes; otherwise frames go through the backbone together,
    /// and which boxes are kept, and which cells a region has, is computed in operations on whole tensors where they are (decision 0019). <see cref="Detect"/> chooses among classes on the host in any case.
    /// </summary>
    public bool OnHost
    {
        get => detector.Network.RoiHeads.OnHost;
        internal set => (detector.Network.RoiHeads.OnHost, detector.Network.ProposalGenerator.OnHost) = (value, value);
    }

    /// <summary>
    /// The regions of each frame, in the frames' order (upstream's mode <c>roi_feats</c>). On a GPU frames of one size, wherever they stand, go through
    /// the backbone together, up to <paramref name="microBatch"/> of them. On the CPU nothing would be gained by it, and convolutions round differently for other numbers of
    /// frames: there they go one by one, and what is found in a frame is bit for bit the same whatever it came with.
    /// </summary>
    /// <exception cref="DetectorException"><c>frame-invalid</c>: the bytes do not fit the size; <c>features-not-finite</c>: the weights overflow.</exception>
    public IReadOnlyList<FrameRegions> Extract(IReadOnlyList<FrameImage> frames, int microBatch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(microBatch, 1);
        foreach (var frame in frames) Check(frame);
        var results = new FrameRegions[frames.Count];
        foreach (var size in Enumerable.Range(0, frames.Count).GroupBy(i => (frames[i].Width, frames[i].Height)))
            foreach (var some in size.Chunk(OnHost ? 1 : microBatch))
                ExtractBatch([.. some.Select(i => frames[i])], (at, regions) => results[some[at]] = regions);
        return results;
    }

    /// <summary>
    /// The best boxes of one frame, moved by the class-specific regression (upstream's mode <c>bboxes</c>): at most as many as a frame may have regions.
    /// </summary>
    /// <exception cref="DetectorException"><c>frame-invalid</c>.</exception>
    public DetectedBoxes FindBoxes(FrameImage frame)
    {
        var (boxes, confidences) = Candidates(frame);
        var keep = BoxSelection.MostConfident(confidences, detector.Config.MaxBoxes);
        return new DetectedBoxes(Rows(boxes, keep), [.. keep.Select(i => confidences[i])]);
    }

    /// <summary>All proposals [P, 4], moved by the regression of their likeliest class, and the confidence each has by what is left of it after suppression [P].</summary>
    internal (float[] Boxes, float[] Confidences) Candidates(FrameImage frame)
    {
        Check(frame);
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        var (plan, map) = Map([frame]);
        var proposals = detector.Network.ProposalGenerator.Propose(map, plan.Height, plan.Width, plan.Scale)[0];
        var view = Look(map, proposals.Boxes);
        var boxes = RegressedBoxes(view, Original(proposals.Boxes, plan.Scale), plan);
        return (boxes, BoxSelection.MaximumConfidence(boxes, view.ClassProbabilities, detector.Config.ClsNms, OnHost));
    }

    /// <summary>
    /// The objects of one frame as Faster R-CNN reports them: boxes moved by the regression of their class, suppressed class by class.
    /// </summary>
    /// <exception cref="DetectorException"><c>frame-invalid</c>.</exception>
    public IReadOnlyList<DetectedObject> Detect(FrameImage frame)
    {
        Check(frame);
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        var config = detector.Config;
        var (plan, map) = Map([frame]);
        var proposals = detector.Network.ProposalGenerator.Propose(map, plan.Height, plan.Width, plan.Scale)[0];
        var view = Look(map, proposals.Boxes);
        var boxes = BoxCodec.Decode(tensor(Original(proposals.Boxes, plan.Scale), [proposals.Count, 4L], device: device), Predictor.Boxes(view.Features)).view(proposals.Count, -1, 4);
        return DetectedObject.Select(BoxCodec.Clip(boxes, frame.Width, frame.Height), view.ClassProbabilities, Predictor.Attributes(view.Features, view.Classes).softmax(1), config.ClsNms, config.MaxBoxes);
    }

    /// <summary>
    /// The features of given boxes [K, 4] (x1, y1, x2, y2 in pixels of the frame), all of them and in that order (upstream's mode <c>bbox_feats</c>).
    /// </summary>
    /// <exception cref="DetectorException"><c>frame-invalid</c>, or <c>boxes-invalid</c>: none, not finite, or corners swapped.</exception>
    public FrameRegions Describe(FrameImage frame, float[] boxes)
    {
        Check(frame);
        CheckBoxes(boxes);
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        var (plan, map) = Map([frame]);
        var view = Look(map, [.. boxes.Select(v => v * (float)plan.Scale)]);
        return Regions(frame, view, boxes, [.. Enumerable.Range(0, boxes.Length / 4)]);
    }

    /// <summary>Regions in res5 at once: bounds memory (a 2048 x 14 x 14 map each, several of them) without starving the processor.</summary>
    internal static int ProposalsTogether(Device device) => device.type == TorchSharp.DeviceType.CUDA ? 300 : 16;

    /// <summary>Frees the network.</summary>
    public void Dispose() => detector.Dispose();

    private void ExtractBatch(FrameImage[] frames, Action<int, FrameRegions> found)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        var config = detector.Config;
        var (plan, map) = Map(frames);
        var proposals = detector.Network.ProposalGenerator.Propose(map, plan.Height, plan.Width, plan.Scale);
        for (var b = 0; b < frames.Length; b++)
        {
            using var step = NewDisposeScope();
            var view = Look(map.narrow(0, b, 1), proposals[b].Boxes);
            var boxes = Original(proposals[b].Boxes, plan.Scale);
            var confidence = BoxSelection.MaximumConfidence(boxes, view.ClassProbabilities, config.ClsNms, OnHost);
            found(b, Regions(frames[b], view, boxes, BoxSelection.Keep(confidence, config.ConfThresh, config.MinBoxes, config.MaxBoxes)));
        }
    }

    // The res4 map [B, C4, h, w] of frames of one size.
    private ((double Scale, int Height, int Width) Plan, Tensor Map) Map(FrameImage[] frames)
    {
        using var scope = NewDisposeScope();
        var config = detector.Config;
        var plan = ImageResize.Plan(frames[0].Height, frames[0].Width, config.ShortSide, config.LongSide);
        var inputs = stack([.. frames.Select(f => ImageResize.Input(f.Bgr, f.Height, f.Width, config.PixelMean, plan, device))]);
        return (plan, detector.Network.Backbone.call(inputs).MoveToOuterDisposeScope());
    }

    // Of every proposal, what decides which are kept; the rest is computed for those that are, or where it is asked for.
    private sealed record View(Tensor Features, Tensor ClassProbabilities, Tensor Classes);

    private BoxPredictor Predictor => detector.Network.RoiHeads.Predictor;

    private View Look(Tensor map, float[] boxes)
    {
        var heads = detector.Network.RoiHeads;
        var features = heads.Features(map, boxes, Math.Max(1, ProposalsTogether(device) / RegionShare));
        var logits = Predictor.Classes(features);
        return new View(features, logits.softmax(1), logits.argmax(1));
    }

    private FrameRegions Regions(FrameImage frame, View view, float[] boxes, int[] keep)
    {
        var rows = tensor(keep, dtype: ScalarType.Int64, device: view.Features.device);
        var kept = view.Features.index_select(0, rows);
        var features = kept.cpu().data<float>().ToArray();
        if (!Array.TrueForAll(features, float.IsFinite))
            throw new DetectorException("features-not-finite", "The detector's features of a frame are not finite numbers: its weights cannot be right.");
        var (classIds, classConfidences) = Best(view.ClassProbabilities.index_select(0, rows));
        var (attributeIds, attributeConfidences) = Best(Predictor.Attributes(kept, view.Classes.index_select(0, rows)).softmax(1));
        return new FrameRegions(frame.FrameIndex, frame.TimestampSeconds, frame.Width, frame.Height,
            features, Rows(boxes, keep), classIds, classConfidences, attributeIds, attributeConfidences);
    }

    // The likeliest of all but index 0 (background, none), counted from 0 again.
    private static (int[] Ids, float[] Confidences) Best(Tensor probabilities)
    {
        var (values, indices) = probabilities.narrow(1, 1, probabilities.shape[1] - 1).max(1);
        return ([.. indices.cpu().data<long>().ToArray().Select(i => (int)i)], values.cpu().data<float>().ToArray());
    }

    // Each proposal moved by the deltas of its likeliest foreground class, in pixels of the picture.
    private float[] RegressedBoxes(View view, float[] proposals, (double Scale, int Height, int Width) plan)
    {
        var (_, best) = view.ClassProbabilities.narrow(1, 1, view.ClassProbabilities.shape[1] - 1).max(1);
        var columns = best.Add(1).unsqueeze(1).Mul(4).Add(TensorNumbers.Arange(4, ScalarType.Int64, best.device));
        var deltas = Predictor.Boxes(view.Features).gather(1, columns);
        var boxes = BoxCodec.Decode(tensor(proposals, [proposals.Length / 4L, 4L], device: deltas.device), deltas);
        return BoxCodec.Clip(boxes, plan.Width / plan.Scale - 1, plan.Height / plan.Scale - 1).cpu().data<float>().ToArray();
    }

    /// <summary>Boxes of the resized frame in pixels of the frame itself.</summary>
    internal static float[] Original(float[] boxes, double scale) => [.. boxes.Select(v => v / (float)scale)];

    private static float[] Rows(float[] boxes, int[] keep) => [.. keep.SelectMany(i => boxes.AsSpan(4 * i, 4).ToArray())];

    private static void Check(FrameImage frame)
    {
        if (frame.Width < 1 || frame.Height < 1 || frame.Bgr.LongLength != 3L * frame.Width * frame.Height)
            throw new DetectorException("frame-invalid", $"Frame {frame.FrameIndex} claims {frame.Width}x{frame.Height} pixels and has {frame.Bgr.LongLength} bytes.");
    }

    private static void CheckBoxes(float[] boxes)
    {
        if (boxes.Length == 0 || boxes.Length % 4 != 0) throw new DetectorException("boxes-invalid", "There are no boxes, or not four numbers for each.");
        for (var i = 0; i < boxes.Length; i += 4)
            if (!boxes.AsSpan(i, 4).ToArray().All(v => MathF.Abs(v) <= 1e6f) || boxes[i] > boxes[i + 2] || boxes[i + 1] > boxes[i + 3])
                throw new DetectorException("boxes-invalid", $"Box {i / 4} is not finite, or its corners are swapped.");
    }
}
