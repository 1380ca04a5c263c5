namespace DemoVlp.Modeling.Detection.Training;

/// <summary>How good a detector is.</summary>
/// <param name="Pictures">Pictures looked at.</param>
/// <param name="Objects">Objects in them.</param>
/// <param name="MeanAveragePrecision">mAP@0.5: the mean of <paramref name="AveragePrecision"/> over the classes that occur.</param>
/// <param name="AveragePrecision">By class; NaN for a class that does not occur.</param>
/// <param name="Recall">Share of the objects on which some box lies (overlap of a half or more), whatever its class.</param>
/// <param name="ClassAccuracy">Share of those for which the most confident such box has the right class...</param>
/// <param name="AttributeAccuracy">...and the right attribute.</param>
public sealed record DetectionFigures(int Pictures, int Objects, double MeanAveragePrecision, IReadOnlyList<double> AveragePrecision,
    double Recall, double ClassAccuracy, double AttributeAccuracy);

/// <summary>Compares what was found in pictures with what is there, as PASCAL VOC does (Everingham et al. 2010, area under the whole curve).</summary>
public sealed class DetectionEvaluation(int classes)
{
    private const float Match = 0.5f;
    private readonly List<(float Confidence, bool Right)>[] found = [.. Enumerable.Range(0, classes).Select(_ => new List<(float, bool)>())];
    private readonly int[] present = new int[classes];
    private int pictures, located, rightClass, rightAttribute;

    /// <summary>Counts one picture. Where two boxes lie on one object, the less confident one is wrong.</summary>
    public void Add(IReadOnlyList<DetectedObject> detections, IReadOnlyList<LabelledBox> objects)
    {
        pictures++;
        foreach (var thing in objects)
        {
            present[thing.ClassId]++;
            if (detections.Where(d => BoxMatching.Overlap(d.Box, thing.Edges) >= Match).MaxBy(d => d.Confidence) is not { } best) continue;
            located++;
            if (best.ClassId == thing.ClassId) rightClass++;
            if (best.AttributeId == thing.AttributeId) rightAttribute++;
        }
        var taken = new HashSet<LabelledBox>(ReferenceEqualityComparer.Instance);
        foreach (var detection in detections.OrderByDescending(d => d.Confidence))
        {
            var nearest = objects.Where(o => o.ClassId == detection.ClassId).MaxBy(o => BoxMatching.Overlap(detection.Box, o.Edges));
            var right = nearest is not null && BoxMatching.Overlap(detection.Box, nearest.Edges) >= Match && taken.Add(nearest);
            found[detection.ClassId].Add((detection.Confidence, right));
        }
    }

    /// <summary>The figures over all pictures so far.</summary>
    public DetectionFigures Figures()
    {
        double[] precision = [.. found.Select((list, c) => present[c] == 0 ? double.NaN : AveragePrecision(list, present[c]))];
        var objects = present.Sum();
        return new(pictures, objects, precision.Where(p => !double.IsNaN(p)).DefaultIfEmpty(double.NaN).Average(), precision,
            (double)located / objects, (double)rightClass / located, (double)rightAttribute / located);
    }

    /// <summary>
    /// Area under the curve of precision over recall, where precision is the best at that recall or a higher one.
    /// </summary>
    /// <param name="detections">Confidence, and whether it is right.</param>
    /// <param name="objects">How many there are to be found.</param>
    public static double AveragePrecision(IEnumerable<(float Confidence, bool Right)> detections, int objects)
    {
        var order = detections.OrderByDescending(d => d.Confidence).ToArray();
        var precision = new double[order.Length];
        var right = 0;
        for (var i = 0; i < order.Length; i++)
        {
            if (order[i].Right) right++;
            precision[i] = (double)right / (i + 1);
        }
        double area = 0, best = 0;
        for (var i = order.Length - 1; i >= 0; i--)
        {
            best = Math.Max(best, precision[i]);
            if (order[i].Right) area += best / objects;
        }
        return area;
    }
}
