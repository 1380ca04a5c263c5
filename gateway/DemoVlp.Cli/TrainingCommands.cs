using System.CommandLine;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Cli;

/// <summary>Commands about training.</summary>
internal static class TrainingCommands
{
    public static IEnumerable<Command> All()
    {
        yield return TrainCommand.Create();
        yield return Runs();
        yield return Cancel();
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

    public static Spectre.Console.Table Describe(TrainingRun run) => Printer.Fields(
        ("Run", run.Id.ToString()), ("State", run.State), ("Why", run.Failure?.Detail), ("Task", run.Task), ("Data set", run.Dataset), ("Base model", run.BaseModel),
        ("Questions", run.QuestionTypes is { } types ? $"of the types {string.Join(", ", types)}" : null),
        ("Progress", $"step {run.Step} of {run.TotalSteps?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}"), ("Loss", Loss(run) is { Length: > 0 } loss ? loss : null),
        ("Best validation", run.BestMetrics is { } best ? $"{Metrics(best)} (after pass {run.BestEpoch})" : null),
        ("Cost", run.WallSeconds > 0 ? $"{Printer.Number(run.CoreHours)} core-hours in {Printer.Time(run.WallSeconds)}" : null), ("Model", run.ModelVersion));

    /// <summary>The total loss of the last step; empty before the first.</summary>
    public static string Loss(TrainingRun run) => run.Losses.TryGetValue("total", out var loss) ? Printer.Number(loss, "0.0000") : "";

    /// <summary>The same, and what it is made up of.</summary>
    public static string Losses(TrainingRun run)
    {
        var terms = run.Losses.Where(l => l.Key != "total").Select(l => $"{l.Key} {Printer.Number(l.Value, "0.0000")}").ToList();
        return terms.Count == 0 ? Loss(run) : $"{Loss(run)} ({string.Join(", ", terms)})";
    }

    /// <summary>Metrics in a line.</summary>
    public static string Metrics(IReadOnlyDictionary<string, double> metrics) => string.Join(", ", metrics.Select(m => $"{m.Key} {Printer.Number(m.Value)}"));
}
