using System.CommandLine;

namespace DemoVlp.MovingShapes.Cli;

/// <summary><c>clips</c>: writes a data set.</summary>
internal static class ClipsCommand
{
    internal static Command Create()
    {
        var seed = new Option<ulong>("--seed") { Description = "The same seed gives the same clips.", DefaultValueFactory = _ => 1 };
        var counts = Enum.GetValues<Split>().ToDictionary(s => s, s => new Option<int>($"--{Vocabulary.Name(s)}") { Description = $"Clips of the split \"{Vocabulary.Name(s)}\"." });
        var extended = new Option<bool>("--extended") { Description = "With a ninth shape (diamond) and a ninth colour (pink)." };
        var folder = new Option<string>("--out") { Description = "Folder to write to.", Required = true };
        var command = new Command("clips", "Writes videos, boxes, captions, questions and multiple choice, in the project's own and in MSRVTT's files.") { seed, extended, folder };
        foreach (var option in counts.Values)
        {
            option.Validators.Add(result => { if (result.GetValueOrDefault<int>() < 0) result.AddError($"{option.Name} cannot be negative."); });
            command.Add(option);
        }
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var written = 0;
            await DataSetFiles.WriteAsync(arguments.GetRequiredValue(folder), arguments.GetValue(seed), arguments.GetValue(extended) ? Vocabulary.Extended : Vocabulary.Standard,
                counts.ToDictionary(c => c.Key, c => arguments.GetValue(c.Value)), new Counter(() => written++), cancellationToken);
            Console.WriteLine($"{written} clips in {Path.GetFullPath(arguments.GetRequiredValue(folder))}");
            return 0;
        });
        return command;
    }

    private sealed class Counter(Action count) : IProgress<Clip>
    {
        public void Report(Clip value) => count();
    }
}
