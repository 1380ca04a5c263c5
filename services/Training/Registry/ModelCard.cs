using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.Training.Data;
using DemoVlp.Training.Evaluations;

namespace DemoVlp.Training.Registry;

/// <summary>A model's card: what it is, where it comes from and what it was measured to be worth, as Hugging Face lays cards out (YAML, then Markdown).</summary>
internal static class ModelCard
{
    /// <summary>The file in the model's directory.</summary>
    public const string FileName = "README.md";

    // JSON strings are YAML strings.
    private static readonly JsonSerializerOptions Quoting = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the card.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sizes">Its sizes, if known.</param>
    /// <param name="run">The run that made it, if one did.</param>
    /// <param name="evaluations">Completed evaluations of it.</param>
    public static string Write(ModelRow model, ModelConfiguration? sizes, RunRow? run, IReadOnlyList<EvaluationRow> evaluations)
    {
        var card = new StringBuilder();
        card.Append("---\nlibrary_name: demovlp\ntags:\n- demovlp\n- ").Append(model.Task == EvaluationTask.Retrieval ? "video-text-retrieval" : "video-question-answering").Append('\n');
        if (run?.BaseModel is { } start) card.Append("base_model: ").Append(Quoted(start)).Append('\n');
        if (run is not null) card.Append("datasets:\n- ").Append(Quoted(run.Dataset)).Append('\n');
        if (evaluations.Count > 0) AppendIndex(card, model, evaluations);
        card.Append("---\n\n# ").Append(Plain(model.Version)).Append("\n\n").Append(Plain(model.Description)).Append("\n\n## What it is\n\n");
        Append(card, "Task", model.Task);
        Append(card, "Origin", model.Origin);
        if (sizes is not null) AppendSizes(card, sizes);
        if (run is not null) AppendRun(card, run);
        AppendEvaluations(card, evaluations);
        return card.Append("\nMethod: *Revitalize Region Feature for Democratizing Video-Language Pre-training* (arXiv 2203.07720).\n").ToString();
    }

    private static void AppendIndex(StringBuilder card, ModelRow model, IReadOnlyList<EvaluationRow> evaluations)
    {
        card.Append("model-index:\n- name: ").Append(Quoted(model.Version)).Append("\n  results:\n");
        foreach (var e in evaluations)
        {
            card.Append("  - task:\n      type: ").Append(e.Task).Append("\n    dataset:\n      type: ").Append(Quoted(e.Dataset)).Append("\n      name: ").Append(Quoted(e.Dataset))
                .Append("\n      split: ").Append(Quoted(e.Split)).Append("\n    metrics:\n    - type: ").Append(EvaluationReports.MainName(e.Task)).Append("\n      value: ").Append(Number(e.MainMetric)).Append('\n');
        }
    }

    private static void AppendSizes(StringBuilder card, ModelConfiguration sizes)
    {
        Append(card, "Parameters", sizes.Parameters.ToString("N0", CultureInfo.InvariantCulture));
        Append(card, "Looks at", $"{sizes.Frames} frames of {sizes.RegionsPerFrame} regions, {sizes.FeatureDim} numbers each");
        Append(card, "Text", $"{sizes.Vocabulary} word pieces in its vocabulary, {sizes.MaxTextLength} at most in a text");
        Append(card, "Embeddings", $"{sizes.ProjectionDim} numbers, padding {sizes.Padding}");
        if (sizes.Answers > 0) Append(card, "Answers", $"{sizes.Answers}, in answers.txt; it can give no other");
    }

    private static void AppendRun(StringBuilder card, RunRow run)
    {
        card.Append("\n## How it was trained\n\n");
        Append(card, "Run", run.Id.ToString());
        Append(card, "Data set", run.Dataset);
        Append(card, "Started from", run.BaseModel ?? "nothing");
        Append(card, "Epochs", $"{run.Epochs} of {run.BatchSize} samples a step, {run.Step} steps, learning rate {Number(run.LearningRate)}, seed {run.Seed}");
        if (run.Task == EvaluationTask.Retrieval) Append(card, "Losses", run.LossTerms == LossTerms.Both ? "global and local" : $"{run.LossTerms} only");
        Append(card, "Stops early", run.Patience is { } patience ? $"after {patience} passes without a better validation" : "never");
        if (run.Record?.Optimizer is { } optimizer) AppendOptimizer(card, optimizer);
        if (run.QuestionTypes is { } types) Append(card, "Questions", $"of the types {string.Join(", ", types)} only");
        if (run.Record is { } record)
        {
            Append(card, "Learnt from", $"{record.Samples} samples of {record.Clips} clips, data fingerprint {record.Fingerprint}");
            Append(card, "Computed", $"{record.Compute}, {Number(run.CpuSeconds / 3600)} core-hours, by version {record.CodeVersion}");
            foreach (var note in record.Notes ?? []) Append(card, "Note", note);
        }
        if (run.BestMetrics is { } metrics)
            Append(card, "Validation", $"after pass {run.BestEpoch}: {string.Join(", ", metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key} {Number(m.Value)}"))}");
        if (run.Losses.Count > 0) Append(card, "Last losses", string.Join(", ", run.Losses.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key} {Number(l.Value)}")));
    }

    private static void AppendOptimizer(StringBuilder card, OptimizerRecord optimizer)
    {
        Append(card, "Optimiser", string.Create(CultureInfo.InvariantCulture,
            $"{optimizer.Rule}, betas {string.Join(" and ", optimizer.Betas.Select(b => Number(b)))}, epsilon {optimizer.Epsilon:g}, weight decay {Number(optimizer.WeightDecay)}, gradients clipped to norm {Number(optimizer.MaxGradientNorm)}"));
        Append(card, "Schedule", $"{optimizer.Schedule}, {optimizer.WarmupSteps} steps of warm-up");
    }

    private static void AppendEvaluations(StringBuilder card, IReadOnlyList<EvaluationRow> evaluations)
    {
        card.Append("\n## What it was measured to be worth\n\n");
        if (evaluations.Count == 0)
        {
            card.Append("Nothing was measured when this was written. `POST /api/v1/evaluations` measures it; `GET /api/v1/models/{version}/card` gives this card with what is known by then.\n");
            return;
        }
        card.Append("| data set | split | samples | task | metric | value | measured | data |\n|---|---|---:|---|---|---:|---|---|\n");
        foreach (var e in evaluations)
        {
            card.Append(CultureInfo.InvariantCulture, $"| {Plain(e.Dataset)} | {Plain(e.Split)} | {e.Samples} | {e.Task} | {EvaluationReports.MainName(e.Task)} | {Number(e.MainMetric)} ")
                .Append(CultureInfo.InvariantCulture, $"| {e.EndedAt:yyyy-MM-dd} | `{e.DatasetFingerprint?[..12]}` |\n");
        }
    }

    private static void Append(StringBuilder card, string name, string value) => card.Append("- **").Append(name).Append("**: ").Append(Plain(value)).Append('\n');

    private static string Quoted(string text) => JsonSerializer.Serialize(Plain(text), Quoting);

    private static string Plain(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string Number(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "";
}
