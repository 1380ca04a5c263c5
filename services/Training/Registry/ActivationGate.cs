using System.Globalization;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Data;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Registry;

/// <summary>
/// Keeps a worse model from taking the place of a better one: compares the newest completed evaluations of both on the same data (data set, split, task and
/// fingerprint) by their main metric.
/// </summary>
internal sealed class ActivationGate(ModelRegistry registry, ModelDescriptions descriptions, IOptions<TrainingOptions> options)
{
    /// <summary>Lets a model pass, or not.</summary>
    /// <param name="candidate">The model that is to answer.</param>
    /// <param name="force">Lets it pass whatever is found.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>What was found, in a sentence.</returns>
    /// <exception cref="ApiException">409 <c>gate-failed</c>.</exception>
    public async Task<string> CheckAsync(ModelRow candidate, bool force, CancellationToken cancellationToken)
    {
        var active = await registry.ActiveVersionAsync(candidate.Task, cancellationToken);
        if (active is null || active == candidate.Version) return "No other model answers, so there is nothing to compare with.";
        // Of each data set, split and task the newest pair: whoever was measured again since, on other data, takes no comparison away.
        var evaluations = await descriptions.CompletedAsync([candidate.Version, active], cancellationToken);
        var pairs = evaluations.Where(e => e.Model == candidate.Version).Join(evaluations.Where(e => e.Model == active),
            e => (e.Dataset, e.Split, e.Task, e.DatasetFingerprint), e => (e.Dataset, e.Split, e.Task, e.DatasetFingerprint), (ours, theirs) => (Ours: ours, Theirs: theirs))
            .GroupBy(p => (p.Ours.Dataset, p.Ours.Split, p.Ours.Task)).Select(g => g.MaxBy(p => (p.Ours.CreatedAt, p.Theirs.CreatedAt))).ToList();
        if (pairs.Count == 0) return $"Not compared: there are no evaluations of this model and of {active} on the same data.";
        var found = $"Compared with {active}: {string.Join("; ", pairs.Select(Describe))}.";
        if (!pairs.Exists(p => p.Theirs.MainMetric - p.Ours.MainMetric > options.Value.GateDrop)) return found;
        if (force) return $"Forced. {found}";
        throw new ApiException(409, "gate-failed", $"{found} A drop of more than {Number(options.Value.GateDrop)} percentage points is let through with ?force=true only.");
    }

    private static string Describe((EvaluationRow Ours, EvaluationRow Theirs) pair) =>
        $"{pair.Ours.Task} on {pair.Ours.Dataset}/{pair.Ours.Split} {Number(pair.Ours.MainMetric!.Value)} against {Number(pair.Theirs.MainMetric!.Value)}";

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
