using System.CommandLine;
using System.Globalization;
using DemoVlp.Client;
using DemoVlp.Contracts.Http;
using Spectre.Console;

namespace DemoVlp.Cli;

/// <summary><c>demovlp train</c>: starts a training run, or says what it would take, and stays with it.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var dataset = new Option<string>("--dataset") { Description = "Data set by name; 'library' is the uploaded videos that have captions.", DefaultValueFactory = _ => "library" };
        var task = new Option<string>("--task") { Description = "What the model is to learn.", DefaultValueFactory = _ => "retrieval" };
        task.AcceptOnlyFromAmong("retrieval", "question-answering");
        var baseModel = new Option<string?>("--base") { Description = "Model to start from; the active one if not given." };
        var epochs = new Option<int?>("--epochs") { Description = "Passes over the data." };
        var batch = new Option<int?>("--batch-size") { Description = "Pairs per step." };
        var rate = new Option<double?>("--learning-rate") { Description = "Peak learning rate." };
        var seed = new Option<int?>("--seed") { Description = "Seed of shuffling and initialisation." };
        var patience = new Option<int?>("--patience") { Description = "Passes without a better validation after which the run stops." };
        var losses = new Option<string?>("--losses") { Description = "Losses a retrieval model learns from." };
        losses.AcceptOnlyFromAmong(LossTerms.Both, LossTerms.Global, LossTerms.Local);
        var types = new Option<string[]>("--question-types") { Description = "Types of the questions to learn from, such as color; all if not given.", AllowMultipleArgumentsPerToken = true };
        var noValidation = new Option<bool>("--no-validation") { Description = "Do not measure on the split 'val'; the last model is the one that is kept." };
        var estimate = new Option<bool>("--estimate") { Description = "Only say what the run would take." };
        var watch = new Option<bool>("--watch") { Description = "Stay until the run has ended." };
        var command = new Command("train", "Start a training run.") { dataset, task, baseModel, epochs, batch, rate, seed, patience, losses, types, noValidation, estimate, watch };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var (client, printer) = session;
            var request = new TrainingRunRequest
            {
                Task = parsed.GetValue(task), Dataset = parsed.GetValue(dataset), BaseModel = parsed.GetValue(baseModel), Epochs = parsed.GetValue(epochs),
                BatchSize = parsed.GetValue(batch), LearningRate = parsed.GetValue(rate), Seed = parsed.GetValue(seed), Patience = parsed.GetValue(patience),
                Losses = parsed.GetValue(losses), QuestionTypes = parsed.GetValue(types) is { Length: > 0 } chosen ? chosen : null,
                Validate = parsed.GetValue(noValidation) ? false : null,
            };
            if (parsed.GetValue(estimate))
            {
                printer.Show(await client.EstimateTrainingAsync(request, cancellationToken), Describe);
                return ExitCodes.Done;
            }
            var run = await client.StartTrainingAsync(request, cancellationToken);
            if (parsed.GetValue(watch))
            {
                printer.Say($"Run {run.Id}. Ctrl+C stops watching; the run goes on.");
                run = await WatchAsync(client, printer, run.Id, cancellationToken);
            }
            printer.Show(run, TrainingCommands.Describe);
            return run.EndedAt is null || run.State == RunState.Completed ? ExitCodes.Done : ExitCodes.Failed;
        });
    }

    private static async Task<TrainingRun> WatchAsync(DemoVlpClient client, Printer printer, Guid id, CancellationToken cancellationToken)
    {
        if (!printer.Interactive)
        {
            var said = "";
            await foreach (var change in client.WatchTrainingRunAsync(id, cancellationToken))
                if (Line(change) is var line && line != said) printer.Say(said = line);
            return await client.GetTrainingRunAsync(id, cancellationToken);
        }
        await AnsiConsole.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(async context =>
            {
                var bar = context.AddTask("queued", maxValue: 1);
                await foreach (var change in client.WatchTrainingRunAsync(id, cancellationToken))
                {
                    var (done, total) = change.Preparation is { } preparation ? (preparation.Done, preparation.Total) : (change.Step, change.TotalSteps ?? 0);
                    bar.Value = total > 0 ? (double)done / total : 0;
                    bar.Description = Markup.Escape(Line(change));
                }
            });
        return await client.GetTrainingRunAsync(id, cancellationToken);
    }

    private static string Line(TrainingRun run)
    {
        var parts = new List<string> { run.Phase ?? run.State };
        if (run.Preparation is { } preparation) parts.Add($"{preparation.Done}/{preparation.Total} clips");
        if (run.Epoch is { } epoch) parts.Add($"pass {epoch}/{run.Epochs}");
        if (run.TotalSteps is { } steps) parts.Add($"step {run.Step}/{steps}");
        if (TrainingCommands.Losses(run) is { Length: > 0 } losses) parts.Add($"loss {losses}");
        if (run.CurrentLearningRate is { } rate) parts.Add($"lr {Printer.Number(rate, "0.0e0")}");
        if (run.Metrics is { } metrics) parts.Add($"val {TrainingCommands.Metrics(metrics)}");
        if (run.SamplesPerSecond is { } speed) parts.Add($"{Printer.Number(speed, "0.#")} pairs/s");
        if (run.SecondsLeft is { } left) parts.Add($"{Printer.Time(left)} left");
        return string.Join("  ", parts);
    }

    private static Table Describe(TrainingEstimate estimate) => Printer.Fields(
        ("Samples", Count(estimate.Samples) + (estimate.ValidationSamples > 0 ? $", and {Count(estimate.ValidationSamples)} to measure on" : "")),
        ("Without features", estimate.WithoutFeatures > 0 ? $"{Count(estimate.WithoutFeatures)} of them: made first where they can be, and not in the time below" : null),
        ("Steps", $"{Count(estimate.Steps)}, {Count(estimate.StepsPerEpoch)} a pass"),
        ("Memory", Printer.Size(estimate.Bytes)),
        ("Time", $"about {Printer.Time(estimate.Seconds)}{(estimate.Basis == "arithmetic" ? ", to a factor of three: nothing like it was trained here yet" : "")}"));

    private static string Count(int number) => number.ToString(CultureInfo.InvariantCulture);
}
