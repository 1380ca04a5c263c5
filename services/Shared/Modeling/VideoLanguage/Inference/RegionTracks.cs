using System.Numerics.Tensors;
using DemoVlp.Modeling.Detection.Training;
using DemoVlp.Modeling.Regions;

namespace DemoVlp.Modeling.VideoLanguage.Inference;

/// <summary>
/// Puts the regions of a video's frames into slots that follow things through time: a region goes where its like was in all frames before. Time attention looks along
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
        var tracks = new Track?[slots];
        return [.. frames.Select((frame, at) =>
        {
            var taken = Assign(frame, at, Things(frame, slots), tracks);
            for (var slot = 0; slot < slots; slot++)
                if (taken[slot] >= 0) (tracks[slot] ??= new Track(featureDim)).Add(frame, taken[slot], at);
            return taken;
        })];
    }

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
    private static int[] Assign(FrameRegions frame, int at, int[] regions, Track?[] tracks)
    {
        var taken = new int[tracks.Length];
        Array.Fill(taken, -1);
        var placed = new HashSet<int>();
        var pairs = from slot in Enumerable.Range(0, tracks.Length)
                    where tracks[slot] is not null
                    from region in regions
                    orderby tracks[slot]!.Likeness(frame, region, at) descending
                    select (slot, region);
        foreach (var (slot, region) in pairs)
            if (taken[slot] < 0 && placed.Add(region)) taken[slot] = region;
        // What is like nothing before takes a place that is free, one that nothing was in before others.
        var free = new Queue<int>(Enumerable.Range(0, tracks.Length).Where(s => taken[s] < 0).OrderBy(s => tracks[s] is not null));
        foreach (var region in regions)
            if (placed.Add(region)) taken[free.Dequeue()] = region;
        return taken;
    }

    /// <summary>What was in a slot so far: where a thing passes before another, one frame shows something else, and that alone must not say what the slot is of.</summary>
    private sealed class Track(int featureDim)
    {
        private readonly Dictionary<int, int> classes = [], attributes = [];
        private readonly float[] features = new float[featureDim];
        private (double X, double Y) centre;
        private int count, seen;

        public void Add(FrameRegions frame, int region, int at)
        {
            classes[frame.ClassIds[region]] = classes.GetValueOrDefault(frame.ClassIds[region]) + 1;
            attributes[frame.AttributeIds[region]] = attributes.GetValueOrDefault(frame.AttributeIds[region]) + 1;
            var feature = frame.Features.AsSpan(region * featureDim, featureDim);
            // Its direction: some features are many times longer than others.
            if (TensorPrimitives.Norm<float>(feature) is > 0 and var norm) TensorPrimitives.MultiplyAdd(feature, 1 / norm, features, features);
            (centre, seen, count) = (Centre(frame, region), at, count + 1);
        }

        /// <summary>
        /// Cosine to the mean feature less the way from the last centre, in widths and heights of the picture, and a tenth for each frame in which the slot was empty; the shares of the
        /// frames in which it had the same class and attribute weigh 0.2 and 0.4.
        /// </summary>
        public double Likeness(FrameRegions frame, int region, int at)
        {
            var names = (0.2 * classes.GetValueOrDefault(frame.ClassIds[region]) + 0.4 * attributes.GetValueOrDefault(frame.AttributeIds[region])) / count;
            var cosine = TensorPrimitives.CosineSimilarity<float>(features, frame.Features.AsSpan(region * featureDim, featureDim));
            var (x, y) = Centre(frame, region);
            return (float.IsNaN(cosine) ? 0 : cosine) + names - Math.Sqrt((x - centre.X) * (x - centre.X) + (y - centre.Y) * (y - centre.Y)) - 0.1 * (at - seen - 1);
        }
    }

    private static (double X, double Y) Centre(FrameRegions frame, int region)
    {
        var box = frame.Boxes.AsSpan(region * 4, 4);
        return ((box[0] + box[2]) / 2.0 / frame.Width, (box[1] + box[3]) / 2.0 / frame.Height);
    }
}
