using System.Numerics.Tensors;
using DemoVlp.Modeling.Detection.Training;
using DemoVlp.Modeling.Regions;

namespace DemoVlp.Modeling.VideoLanguage.Inference;

/// <summary>
/// Puts the regions of a video's frames into slots that follow things through time: a region goes where its like was in the frames before. Time attention looks along
/// the slots, and in the published order, by confidence, what stands in a slot changes from frame to frame (decision 0015). A thing has one slot: a detector that has
/// to give a number of regions gives what it sees clearly several times over, and things it sees less clearly would find no slot.
/// </summary>
internal static class RegionTracks
{
    // Intersection over union above which two boxes are of one thing: the first unless both of their names differ and the detector is sure of them, the second whatever they are called.
    private const float SameThing = 0.3f, SameBox = 0.6f;

    // From here on the detector is sure of a region.
    private const float Sure = 0.5f;

    // The least confidence of a thing, as in the published choice of boxes; the most confident region counts in any case.
    private const float LeastConfidence = 0.2f;

    /// <summary>For each frame the region in each slot, -1 where there is none.</summary>
    /// <param name="frames">In order of time; arrays that fit each other.</param>
    /// <param name="slots">N: of each frame the N most confident things are taken.</param>
    /// <param name="featureDim">I.</param>
    internal static int[][] Follow(IReadOnlyList<FrameRegions> frames, int slots, int featureDim)
    {
        var last = new Seen?[slots];
        return [.. frames.Select((frame, at) =>
        {
            var taken = Assign(frame, at, Things(frame, slots), last, featureDim);
            for (var slot = 0; slot < slots; slot++)
                if (taken[slot] >= 0) last[slot] = new(frame, taken[slot], at);
            return taken;
        })];
    }

    /// <summary>What was last in a slot.</summary>
    private readonly record struct Seen(FrameRegions Frame, int Region, int At);

    private static int[] Things(FrameRegions frame, int most)
    {
        var things = new List<int>(most);
        foreach (var region in ObjectInput.Rank(frame.ClassConfidences))
        {
            if (things.Count == most || (things.Count > 0 && !(frame.ClassConfidences[region] >= LeastConfidence))) break;
            if (things.TrueForAll(t => !AreOne(frame, t, region))) things.Add(region);
        }
        return [.. things];
    }

    // One thing that passes before another covers much of its box, and neither may be left out.
    private static bool AreOne(FrameRegions frame, int thing, int region)
    {
        var overlap = BoxMatching.Overlap(frame.Boxes.AsSpan(thing * 4, 4), frame.Boxes.AsSpan(region * 4, 4));
        var different = frame.ClassConfidences[region] > Sure && frame.ClassIds[thing] != frame.ClassIds[region] && frame.AttributeIds[thing] != frame.AttributeIds[region];
        return overlap > (different ? SameBox : SameThing);
    }

    // Greedily, the most alike first: there are few regions, and a thing is far more like itself than like others.
    private static int[] Assign(FrameRegions frame, int at, int[] regions, Seen?[] last, int featureDim)
    {
        var taken = new int[last.Length];
        Array.Fill(taken, -1);
        var placed = new HashSet<int>();
        var pairs = from slot in Enumerable.Range(0, last.Length)
                    where last[slot] is not null
                    from region in regions
                    orderby Likeness(last[slot]!.Value, frame, region, at, featureDim) descending
                    select (slot, region);
        foreach (var (slot, region) in pairs)
            if (taken[slot] < 0 && placed.Add(region)) taken[slot] = region;
        // What is like nothing before takes a place that is free, one that nothing was in before others.
        var free = new Queue<int>(Enumerable.Range(0, last.Length).Where(s => taken[s] < 0).OrderBy(s => last[s] is not null));
        foreach (var region in regions)
            if (placed.Add(region)) taken[free.Dequeue()] = region;
        return taken;
    }

    /// <summary>
    /// Cosine of the features less the way between the centres, in widths and heights of the picture, and a tenth for each frame in which the slot was empty; class and attribute
    /// weigh 0.2 and 0.4.
    /// </summary>
    private static double Likeness(Seen before, FrameRegions b, int j, int at, int featureDim)
    {
        var (a, i) = (before.Frame, before.Region);
        var names = (a.ClassIds[i] == b.ClassIds[j] ? 0.2 : 0) + (a.AttributeIds[i] == b.AttributeIds[j] ? 0.4 : 0);
        var cosine = TensorPrimitives.CosineSimilarity<float>(a.Features.AsSpan(i * featureDim, featureDim), b.Features.AsSpan(j * featureDim, featureDim));
        var (x, y) = Centre(a, i);
        var (u, v) = Centre(b, j);
        return (float.IsNaN(cosine) ? 0 : cosine) + names - Math.Sqrt((x - u) * (x - u) + (y - v) * (y - v)) - 0.1 * (at - before.At - 1);
    }

    private static (double X, double Y) Centre(FrameRegions frame, int region)
    {
        var box = frame.Boxes.AsSpan(region * 4, 4);
        return ((box[0] + box[2]) / 2.0 / frame.Width, (box[1] + box[3]) / 2.0 / frame.Height);
    }
}
