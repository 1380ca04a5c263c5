// Video input (paper section 3.1; spec sections 8.2 and 8.3). F: frames, N: regions per frame, I: feature width.

using DemoVlp.Modeling.Regions;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Inference;

/// <summary>Where a region token of a video comes from.</summary>
/// <param name="Frame">Position of the frame in the list of frames that was given.</param>
/// <param name="Rank">Place of the token in its frame, 0 first: by descending confidence, or the slot of its track.</param>
/// <param name="Region">Index of the region in <see cref="FrameRegions"/>' arrays; -1 for padding.</param>
public readonly record struct RegionToken(int Frame, int Rank, int Region);

/// <summary>A video's regions as the encoder takes them; arrays on the CPU.</summary>
/// <param name="Frames">F: frames taken, at most the configured number.</param>
/// <param name="Regions">N.</param>
/// <param name="Values">[F, N, I+6]: feature, then x1/W, y1/H, x2/W, y2/H, w/W, h/H.</param>
/// <param name="Mask">[F, N]: 1 for a region, 0 for padding.</param>
/// <param name="Tokens">[F, N]: where each comes from.</param>
public sealed record ObjectInput(int Frames, int Regions, float[] Values, float[] Mask, RegionToken[] Tokens)
{
    /// <summary>
    /// Chooses frames evenly (as for validation) and of each frame the N most confident regions in this order, or the things of <see cref="RegionTracks"/>; one of them is repeated to fill up.
    /// </summary>
    /// <exception cref="ModelFormatException"><c>regions-mismatch</c>: no frames, or arrays that do not fit each other or the model's feature width.</exception>
    public static ObjectInput Create(IReadOnlyList<FrameRegions> frames, ObjectTransformerConfig config) =>
        Create(frames, FrameSampling.Uniform(frames.Count, config.NumFrames), config);

    /// <summary>As <see cref="Create(IReadOnlyList{FrameRegions}, ObjectTransformerConfig)"/>, from the frames at the given positions.</summary>
    public static ObjectInput Create(IReadOnlyList<FrameRegions> frames, IReadOnlyList<int> positions, ObjectTransformerConfig config)
    {
        if (frames.Count == 0) throw Mismatch("The video has no frames.");
        var (width, regions) = (config.FeatureDim + ObjectTransformerConfig.PositionDim, config.ObjectNum);
        var input = new ObjectInput(positions.Count, regions, new float[positions.Count * regions * width], new float[positions.Count * regions], new RegionToken[positions.Count * regions]);
        var chosen = positions.Select(p => frames[p]).ToList();
        foreach (var frame in chosen) Check(frame, config.FeatureDim);
        var order = config.RegionOrder == ObjectTransformerConfig.Tracks ? RegionTracks.Follow(chosen, regions, config.FeatureDim) : [.. chosen.Select(f => Rank(f.ClassConfidences))];
        for (var f = 0; f < positions.Count; f++) input.Fill(f, positions[f], chosen[f], order[f], config.FeatureDim);
        return input;
    }

    /// <summary>Inputs with equally many frames as tensors [B, F, N, I+6] and [B, F, N] on a device.</summary>
    internal static (Tensor Objects, Tensor Mask) Stack(IReadOnlyList<ObjectInput> inputs, Device device)
    {
        var (first, width) = (inputs[0], inputs[0].Values.Length / inputs[0].Mask.Length);
        var values = empty(inputs.Count, first.Frames, first.Regions, width);
        var mask = empty(inputs.Count, first.Frames, first.Regions);
        for (var i = 0; i < inputs.Count; i++)
        {
            inputs[i].Values.CopyTo(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(values[i].bytes));
            inputs[i].Mask.CopyTo(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(mask[i].bytes));
        }
        return (values.to(device), mask.to(device));
    }

    /// <summary>The same as a model learns from them: the published loader's masks are float64, and with them the published attention.</summary>
    internal static (Tensor Objects, Tensor Mask) StackForTraining(IReadOnlyList<ObjectInput> inputs, ModelConfig config, Device device)
    {
        var (objects, mask) = Stack(inputs, device);
        return (objects, config.Padding == PaddingRule.Reference ? mask.to_type(ScalarType.Float64) : mask);
    }

    /// <summary>Indices of regions by descending confidence; of equal ones the later first, as in the published code.</summary>
    internal static int[] Rank(float[] confidences)
    {
        var order = new int[confidences.Length];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        Array.Sort(order, (a, b) => confidences[a] != confidences[b] ? confidences[b].CompareTo(confidences[a]) : b.CompareTo(a));
        return order;
    }

    private static void Check(FrameRegions frame, int featureDim)
    {
        var count = frame.ClassConfidences.Length;
        if (frame.Features.Length != (long)count * featureDim || frame.Boxes.Length != count * 4L || frame.ClassIds.Length != count || frame.AttributeIds.Length != count || frame.Width <= 0 || frame.Height <= 0)
        {
            throw Mismatch($"Frame {frame.FrameIndex} has {count} regions with {frame.Features.Length} feature and {frame.Boxes.Length} box numbers; the model takes {featureDim} features a region.");
        }
    }

    // The order's first N places; -1 is an empty one.
    private void Fill(int slot, int position, FrameRegions frame, int[] order, int featureDim)
    {
        var width = featureDim + ObjectTransformerConfig.PositionDim;
        var filler = order.Take(Regions).LastOrDefault(region => region >= 0, -1);
        for (var n = 0; n < Regions; n++)
        {
            var index = slot * Regions + n;
            var region = n < order.Length ? order[n] : -1;
            Tokens[index] = new RegionToken(position, n, region);
            Mask[index] = region >= 0 ? 1 : 0;
            var source = region >= 0 ? region : filler;
            if (source < 0) continue; // Nothing to repeat: the row stays zero.
            var row = Values.AsSpan(index * width, width);
            frame.Features.AsSpan(source * featureDim, featureDim).CopyTo(row);
            Place(frame.Boxes.AsSpan(source * 4, 4), frame.Width, frame.Height, row[featureDim..]);
        }
    }

    private static void Place(ReadOnlySpan<float> box, float width, float height, Span<float> place)
    {
        var (left, top) = (box[0] / width, box[1] / height);
        var (w, h) = ((box[2] - box[0]) / width, (box[3] - box[1]) / height);
        (place[0], place[1], place[2], place[3], place[4], place[5]) = (left, top, left + w, top + h, w, h);
    }

    private static ModelFormatException Mismatch(string message) => new("regions-mismatch", message);
}
