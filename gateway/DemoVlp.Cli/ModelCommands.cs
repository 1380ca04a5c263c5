using System.CommandLine;
using DemoVlp.Client;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Cli;

/// <summary>Commands about models and what they are worth.</summary>
internal static class ModelCommands
{
    public static IEnumerable<Command> All()
    {
        yield return Models();
        yield return Activate();
        yield return Evaluate();
    }

    private static Command Models()
    {
        var command = new Command("models", "List models; import one, read its card.") { Import(), Card() };
        return command.Does(async (session, _, cancellationToken) =>
        {
            await session.Printer.ListAsync(session.Client.ListModelsAsync(cancellationToken), ["Version", "Task", "Origin", "", "Measured", "Description"],
                model => [model.Version, model.Task, model.Origin, model.Active ? "active" : model.Activation ?? "", Measured(model), model.Description], cancellationToken);
            return ExitCodes.Done;
        });
    }

    private static Command Import()
    {
        var files = new Argument<FileSystemInfo[]>("files") { Description = "A DemoVLP model directory, or its files.", Arity = ArgumentArity.ZeroOrMore }.AcceptExistingOnly();
        var checkpoint = new Option<FileInfo>("--checkpoint") { Description = "A checkpoint of the published DemoVLP code (.pth, .safetensors)." }.AcceptExistingOnly();
        var vocabulary = new Option<FileInfo>("--vocabulary") { Description = "vocab.txt of its text encoder." }.AcceptExistingOnly();
        var answers = new Option<FileInfo>("--answers") { Description = "answers.txt, one a line: makes a model for questions." }.AcceptExistingOnly();
        var distilBert = new Option<DirectoryInfo>("--distilbert") { Description = "A Hugging Face directory of a DistilBERT, to begin a training with." }.AcceptExistingOnly();
        var vit = new Option<FileInfo>("--vit") { Description = "A timm file of a vision transformer, to begin a training with." }.AcceptExistingOnly();
        var run = new Option<Guid?>("--run") { Description = "In place of files: a training run that failed or was cancelled, whose best weights are kept." };
        var name = new Option<string?>("--name") { Description = "Version of the new model." };
        var description = new Option<string?>("--description") { Description = "What it is, in a sentence." };
        var frames = new Option<int?>("--frames") { Description = "Frames of a video that it looks at." };
        var regions = new Option<int?>("--regions") { Description = "Regions of a frame that it looks at." };
        var featureDim = new Option<int?>("--feature-dim") { Description = "Numbers in a region feature: what the detector puts out." };
        var headWidth = new Option<int?>("--head-width") { Description = "Width of an attention head; 64 in all published models." };
        var command = new Command("import", "Import a model from files, or from a run that was cut short.") { files, checkpoint, vocabulary, answers, distilBert, vit, run, name, description, frames, regions, featureDim, headWidth };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var parts = parsed.GetValue(files)!.SelectMany(f => Parts("model", f))
                .Concat(Parts("checkpoint", parsed.GetValue(checkpoint))).Concat(Parts("vocabulary", parsed.GetValue(vocabulary))).Concat(Parts("answers", parsed.GetValue(answers)))
                .Concat(Parts("distilbert", parsed.GetValue(distilBert))).Concat(Parts("vit", parsed.GetValue(vit))).ToList();
            if (parsed.GetValue(run) is { } kept)
            {
                if (parts.Count > 0 || Array.Exists([frames, regions, featureDim, headWidth], o => parsed.GetValue(o) is not null))
                    return Printer.Error("A run's model is as the run has it: besides --run only --name and --description.", ExitCodes.Usage);
                var made = new ModelImportRequest { Run = kept, Name = parsed.GetValue(name), Description = parsed.GetValue(description) };
                session.Printer.Show(await session.Client.ImportModelAsync(made, cancellationToken), Describe);
                return ExitCodes.Done;
            }
            if (parts.Count == 0) return Printer.Error("Name files to import, or a run.", ExitCodes.Usage);
            var model = await session.Client.ImportModelAsync(new ModelUpload(parts)
            {
                Name = parsed.GetValue(name), Description = parsed.GetValue(description), Frames = parsed.GetValue(frames), Regions = parsed.GetValue(regions), FeatureDim = parsed.GetValue(featureDim),
                HeadWidth = parsed.GetValue(headWidth),
            }, cancellationToken: cancellationToken);
            session.Printer.Show(model, Describe);
            return ExitCodes.Done;
        });
    }

    private static Command Card()
    {
        var version = new Argument<string>("version") { Description = "The model." };
        var command = new Command("card", "Print a model's card.") { version };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            using var card = new StreamReader(await session.Client.OpenModelCardAsync(parsed.GetValue(version)!, cancellationToken));
            Console.Write(Printer.Plain(await card.ReadToEndAsync(cancellationToken)));
            return ExitCodes.Done;
        });
    }

    private static Command Activate()
    {
        var version = new Argument<string>("version") { Description = "The model." };
        var wait = new Option<bool>("--wait") { Description = "Wait until it answers." };
        var force = new Option<bool>("--force") { Description = "Even if it was measured to be worse than the one that answers." };
        var command = new Command("activate", "Let a model answer, as soon as every video is embedded with it.") { version, wait, force };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var (client, printer) = session;
            var model = await client.ActivateModelAsync(parsed.GetValue(version)!, parsed.GetValue(force), cancellationToken);
            if (model.ActivationDetails?.Gate is { } gate) printer.Say(gate);
            if (parsed.GetValue(wait))
            {
                await foreach (var change in client.WatchModelAsync(model.Version, cancellationToken))
                    if (change is { Activation: "activating", ActivationDetails: { VideosTotal: { } total, VideosEmbedded: var embedded } }) printer.Say($"{embedded} of {total} videos embedded");
                // The stream may have ended for another reason than the activation's.
                while ((model = await client.GetModelAsync(model.Version, cancellationToken)).Activation == "activating") await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            }
            printer.Show(model, Describe);
            return model.Activation == "failed" ? ExitCodes.Failed : ExitCodes.Done;
        });
    }

    private static Command Evaluate()
    {
        var model = new Option<string?>("--model") { Description = "Version of the model; the one that answers if not given." };
        var dataset = new Option<string>("--dataset") { Description = "Data set by name.", DefaultValueFactory = _ => "library" };
        var split = new Option<string?>("--split") { Description = "Split of the data set; test if it has one." };
        var task = new Option<string?>("--task") { Description = "What to measure; what the model was made for if not given." };
        task.AcceptOnlyFromAmong(EvaluationTask.Retrieval, EvaluationTask.QuestionAnswering, EvaluationTask.MultipleChoice);
        var command = new Command("evaluate", "Measure a model on a data set, and wait for the result.") { model, dataset, split, task };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var (client, printer) = session;
            var evaluation = await client.StartEvaluationAsync(new EvaluationRequest
            {
                Model = parsed.GetValue(model), Dataset = parsed.GetValue(dataset), Split = parsed.GetValue(split), Task = parsed.GetValue(task),
            }, cancellationToken);
            printer.Say($"Evaluation {evaluation.Id}. Ctrl+C stops watching; it goes on.");
            string? last = null;
            await foreach (var change in client.WatchEvaluationAsync(evaluation.Id, cancellationToken))
            {
                var line = change.Phase is null ? change.State : change.Progress is { } share ? $"{change.Phase} {Printer.Number(100 * share, "0")} %" : change.Phase;
                if (line != last) printer.Say(line);
                last = line;
            }
            while ((evaluation = await client.GetEvaluationAsync(evaluation.Id, cancellationToken)).EndedAt is null) await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            printer.Show(evaluation, Describe);
            return evaluation.State == RunState.Completed ? ExitCodes.Done : ExitCodes.Failed;
        });
    }

    private static IEnumerable<(string Part, string Path)> Parts(string part, FileSystemInfo? file) => file switch
    {
        null => [],
        DirectoryInfo directory => directory.EnumerateFiles().Where(f => f.Name is "config.json" or "model.safetensors" or "pytorch_model.bin" or "vocab.txt" or "answers.txt").Select(f => (part, f.FullName)),
        _ when Directory.Exists(file.FullName) => Parts(part, new DirectoryInfo(file.FullName)),
        _ => [(part, file.FullName)],
    };

    private static string Measured(Model model) => string.Join(", ", model.Metrics.Select(m => $"{m.Dataset}/{m.Split} {m.Name} {Printer.Number(m.Value, "0.0")}"));

    private static Spectre.Console.Table Describe(Model model) => Printer.Fields(
        ("Model", model.Version), ("Task", model.Task), ("What", model.Description), ("Activation", model.Activation), ("Why", model.ActivationDetails?.Failure?.Detail));

    private static Spectre.Console.Table Describe(Evaluation e) => Printer.Fields(
        ("Evaluation", e.Id.ToString()), ("State", e.State), ("Why", e.Failure?.Detail), ("Model", e.Model), ("Data set", $"{e.Dataset}/{e.Split}"), ("Samples", e.Samples?.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        ("Text to video", Ranks(e.Metrics?.TextToVideo)), ("Video to text", Ranks(e.Metrics?.VideoToText)), ("Accuracy", e.Metrics?.Accuracy is { } accuracy ? $"{Printer.Number(100 * accuracy, "0.0")} %" : null),
        ("By kind", e.Metrics?.ByType is { } kinds ? string.Join(", ", kinds.Select(k => $"{k.Key} {Printer.Number(100 * k.Value, "0.0")} %")) : null));

    private static string? Ranks(RankMetrics? ranks) => ranks is null ? null
        : $"R@1 {Printer.Number(ranks.R1, "0.0")}, R@5 {Printer.Number(ranks.R5, "0.0")}, R@10 {Printer.Number(ranks.R10, "0.0")}, median rank {Printer.Number(ranks.MedianRank, "0.#")}";
}
