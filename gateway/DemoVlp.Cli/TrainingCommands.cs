using System.CommandLine;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Cli;

/// <summary>Commands about training.</summary>
internal static class TrainingCommands
{
    public static IEnumerable<Command> All()
    {
        yield return Train();
        yield return Runs();
        yield return Cancel();
    }

    private static Command Train()
    {
        var dataset = new Option<string>("--dataset") { Description = "Data set by name; 'library' is the uploaded videos that have captions.", DefaultValueFactory = _ => "library" };
        var task = new Option<string>("--task") { Description = "What the model is to learn.", DefaultValueFactory = _ => "retrieval" };
        task.AcceptOnlyFromAmong("retrieval", "question-answering");
        var baseModel = new Option<string?>("--base") { Description = "Model to start from; the active one if not given." };
        var epochs = new Option<int?>("--epochs") { Description = "Passes over the data." };
        var batch = new Option<int?>("--batch-size") { Description = "Pairs per step." };
        var rate = new Option<double?>("--learning-rate") { Description = "Peak learning rate." };
        var seed = new Option<int?>("--seed") { Description = "Seed of shuffling and initialisation." };
        var watch = new Option<bool>("--watch") { Description = "Stay until the run has ended." };
        var command = new Command("train", "Start a training run.") { dataset, task, baseModel, epochs, batch, rate, seed, watch };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var (client, printer) = session;
            var run = await client.StartTrainingAsync(new TrainingRunRequest
            {
                Task = parsed.GetValue(task), Dataset = parsed.GetValue(dataset), BaseModel = parsed.GetValue(baseModel), Epochs = parsed.GetValue(epochs),
                BatchSize = parsed.GetValue(batch), LearningRate = parsed.GetValue(rate), Seed = parsed.GetValue(seed),
            }, cancellationToken);
            if (!parsed.GetValue(watch))
            {
                printer.Show(run, Describe);
                return ExitCodes.Done;
            }
            printer.Say($"Run {run.Id}. Ctrl+C stops watching; the run goes on.");
            await foreach (var change in client.WatchTrainingRunAsync(run.Id, cancellationToken))
                printer.Say(Line(change));
            run = await client.GetTrainingRunAsync(run.Id, cancellationToken);
            printer.Show(run, Describe);
            return run.State == RunState.Completed ? ExitCodes.Done : ExitCodes.Failed;
        });
    }

    private static Command Runs() => new Command("runs", "List training runs, newest first.").Does(async (session, _, cancellationToken) =>
    {
        await session.Printer.ListAsync(session.Client.ListTrainingRunsAsync(cancellationToken), ["Id", "State", "Task", "Data set", "Step", "Loss", "Model", "Asked for"],
            run => [run.Id.ToString(), run.State, run.Task, run.Dataset, $"{run.Step}/{run.TotalSteps?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}", Loss(run), run.ModelVersion ?? "", Printer.When(run.CreatedAt)],
            cancellationToken);
        return ExitCodes.Done;
    });

    private static Command Cancel()
    {
        var id = new Argument<Guid>("run") { Description = "Id of the run." };
        var command = new Command("cancel", "Stop a training run; its last checkpoint is kept.") { id };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            session.Printer.Show(await session.Client.CancelTrainingAsync(parsed.GetValue(id), cancellationToken), Describe);
            return ExitCodes.Done;
        });
    }

    private static Spectre.Console.Table Describe(TrainingRun run) => Printer.Fields(
        ("Run", run.Id.ToString()), ("State", run.State), ("Why", run.Failure?.Detail), ("Task", run.Task), ("Data set", run.Dataset), ("Base model", run.BaseModel),
        ("Progress", $"step {run.Step} of {run.TotalSteps?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}"), ("Loss", Loss(run) is { Length: > 0 } loss ? loss : null), ("Model", run.ModelVersion));

    private static string Line(TrainingRun run) =>
        $"{run.State,-9} step {run.Step}/{run.TotalSteps?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}"
        + (Loss(run) is { Length: > 0 } loss ? $"  loss {loss}" : "")
        + (run.SamplesPerSecond is { } speed ? $"  {Printer.Number(speed, "0.#")} pairs/s" : "")
        + (run.SecondsLeft is { } left ? $"  {Printer.Time(left)} left" : "");

    private static string Loss(TrainingRun run) => run.Losses.TryGetValue("total", out var loss) ? Printer.Number(loss, "0.0000") : "";
}
