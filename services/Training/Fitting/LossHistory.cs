namespace DemoVlp.Training.Fitting;

/// <summary>Losses averaged over some steps.</summary>
/// <param name="Step">The last of them.</param>
/// <param name="Losses">By name.</param>
internal sealed record LossPoint(int Step, Dictionary<string, double> Losses);

/// <summary>A validation.</summary>
/// <param name="Step">Steps done by then.</param>
/// <param name="Metrics">By name.</param>
internal sealed record ValidationPoint(int Step, Dictionary<string, double> Metrics);

/// <summary>How the losses of a run went, in a few hundred points however long it is: when there are too many, each two become one.</summary>
internal sealed class LossHistory
{
    /// <summary>Most points kept.</summary>
    public const int MostPoints = 500;

    private Dictionary<string, double> sums = [];
    private int summed;

    /// <summary>Steps in a point.</summary>
    public int Stride { get; set; } = 1;

    public List<LossPoint> Points { get; set; } = [];

    public List<ValidationPoint> Validations { get; set; } = [];

    /// <summary>Enters a step.</summary>
    public void Add(int step, IReadOnlyDictionary<string, double> losses)
    {
        foreach (var (name, value) in losses) sums[name] = sums.GetValueOrDefault(name) + value;
        if (++summed < Stride) return;
        Points.Add(new LossPoint(step, sums.ToDictionary(s => s.Key, s => s.Value / summed)));
        (sums, summed) = ([], 0);
        if (Points.Count < MostPoints) return;
        Points = [.. Points.Chunk(2).Select(pair => new LossPoint(pair[^1].Step, pair[0].Losses.ToDictionary(l => l.Key, l => pair.Average(p => p.Losses[l.Key]))))];
        Stride *= 2;
    }

    /// <summary>Enters a validation.</summary>
    public void AddValidation(int step, Dictionary<string, double> metrics) => Validations.Add(new ValidationPoint(step, metrics));

    /// <summary>Forgets what came after a step: a run that is resumed does it again.</summary>
    public void CutAfter(int step, int validatedSteps)
    {
        Points.RemoveAll(p => p.Step > step);
        Validations.RemoveAll(v => v.Step > validatedSteps);
    }
}
