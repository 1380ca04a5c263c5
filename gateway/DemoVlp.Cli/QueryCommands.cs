using System.CommandLine;
using DemoVlp.Contracts.Http;
using Spectre.Console;

namespace DemoVlp.Cli;

/// <summary>Commands that search and ask.</summary>
internal static class QueryCommands
{
    private static Option<int?> Limit() => new("--limit", "-n") { Description = "How many at most." };

    public static IEnumerable<Command> All()
    {
        yield return Search();
        yield return Ask();
        yield return Choose();
    }

    private static Command Search()
    {
        var words = new Argument<string[]>("words") { Description = "What to look for.", Arity = ArgumentArity.OneOrMore };
        var limit = Limit();
        var command = new Command("search", "Find videos by text.") { words, limit };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var found = await session.Client.SearchAsync(string.Join(' ', parsed.GetValue(words)!), parsed.GetValue(limit), cancellationToken);
            session.Printer.Show(found, response =>
            {
                var table = Printer.Table("Score", "Title", "At", "Id", "Evidence");
                foreach (var hit in response.Items)
                    AddRow(table, Printer.Number(hit.Score), hit.Title, At(hit.Moment), hit.VideoId.ToString(), string.Join(", ", hit.Evidence.Select(e => e.Word).Distinct()));
                return table;
            });
            SayTruncated(session, found.Truncated);
            if (found.Items.Count == 0) session.Printer.Say("No video is indexed yet.");
            return ExitCodes.Done;
        });
    }

    private static Command Ask()
    {
        var arguments = new Argument<string[]>("video-and-question") { Description = "Id of a video (left out with --all), then the question.", Arity = ArgumentArity.OneOrMore };
        var all = new Option<bool>("--all") { Description = "Ask about the whole library." };
        var limit = Limit();
        var command = new Command("ask", "Ask a question about a video, or about all with --all.") { arguments, all, limit };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(all) && (result.GetValue(arguments) is not [var id, _, ..] || !Guid.TryParse(id, out _)))
                result.AddError("Give the id of a video and the question, or --all and the question.");
        });
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var words = parsed.GetValue(arguments)!;
            if (parsed.GetValue(all)) await AskLibraryAsync(session, string.Join(' ', words), parsed.GetValue(limit), cancellationToken);
            else await AskOneAsync(session, Guid.Parse(words[0]), string.Join(' ', words[1..]), parsed.GetValue(limit), cancellationToken);
            return ExitCodes.Done;
        });
    }

    private static async Task AskOneAsync(Session session, Guid video, string question, int? limit, CancellationToken cancellationToken)
    {
        var answered = await session.Client.AskAsync(video, question, limit, cancellationToken);
        session.Printer.Show(answered, response =>
        {
            var table = Printer.Table("Answer", "Probability");
            foreach (var answer in response.Answers) AddRow(table, answer.Text, Percent(answer.Probability));
            return table;
        });
        SayTruncated(session, answered.Truncated);
    }

    private static async Task AskLibraryAsync(Session session, string question, int? limit, CancellationToken cancellationToken)
    {
        var answered = await session.Client.AskLibraryAsync(question, null, limit, cancellationToken);
        session.Printer.Show(answered, response =>
        {
            var table = Printer.Table("Answer", "Probability", "Title", "At", "Id");
            foreach (var answer in response.Answers) AddRow(table, answer.Answer, Percent(answer.Probability), answer.Title, At(answer.Moment), answer.VideoId.ToString());
            return table;
        });
        SayTruncated(session, answered.Truncated);
    }

    private static Command Choose()
    {
        var id = VideoCommands.Id();
        var options = new Argument<string[]>("options") { Description = "Two or more texts, each in quotes.", Arity = new ArgumentArity(2, 20) };
        var question = new Option<string?>("--question") { Description = "Put before each option." };
        var command = new Command("choose", "Score texts against a video and name the best.") { id, options, question };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var scored = await session.Client.ChooseAsync(parsed.GetValue(id), parsed.GetValue(options)!, parsed.GetValue(question), cancellationToken);
            session.Printer.Show(scored, response =>
            {
                var table = Printer.Table("", "Option", "Score");
                foreach (var choice in response.Choices) AddRow(table, choice.Index == response.Best ? "best" : "", choice.Option, Printer.Number(choice.Score));
                return table;
            });
            return ExitCodes.Done;
        });
    }

    private static void AddRow(Table table, params string[] cells) => table.AddRow(cells.Select(Printer.Cell));

    private static string At(Moment? moment) => moment is null ? "" : Printer.Time(moment.TimestampSeconds);

    private static string Percent(double probability) => $"{Printer.Number(probability * 100, "0.0")} %";

    private static void SayTruncated(Session session, bool truncated)
    {
        if (truncated) session.Printer.Say("The text is longer than the model reads; its end was left out.");
    }
}
