using System.CommandLine;
using DemoVlp.Client;

namespace DemoVlp.Cli;

/// <summary>The command <c>demovlp</c>: what is common to its subcommands.</summary>
internal static class CommandLine
{
    private static readonly Option<string> Url = new("--url")
    {
        Description = "Address of the gateway (or DEMOVLP_URL).",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("DEMOVLP_URL") is { Length: > 0 } url ? url : "http://127.0.0.1:8080",
    };

    private static readonly Option<string?> Key = new("--key") { Description = "API key (or DEMOVLP_API_KEY).", Recursive = true };
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON, one document a line, and no progress.", Recursive = true };

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Search videos by text and ask questions about them, with a DemoVLP.") { Url, Key, Json };
        foreach (var command in VideoCommands.All().Concat(QueryCommands.All()).Concat(TrainingCommands.All()).Concat(ModelCommands.All()).Append(DatasetCommands.Create())) root.Add(command);
        var parsed = root.Parse(args);
        var code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
    }

    /// <summary>Gives a command its work, with a client, a printer and plain errors.</summary>
    public static Command Does(this Command command, Func<Session, ParseResult, CancellationToken, Task<int>> work)
    {
        command.SetAction((parsed, cancellationToken) => GuardAsync(parsed, work, cancellationToken));
        return command;
    }

    private static async Task<int> GuardAsync(ParseResult parsed, Func<Session, ParseResult, CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        var url = parsed.GetValue(Url)!;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            return Printer.Error($"'{url}' is no http address.", ExitCodes.Usage);
        var key = parsed.GetValue(Key) ?? Environment.GetEnvironmentVariable("DEMOVLP_API_KEY");
        try
        {
            using var client = DemoVlpClient.Create(new DemoVlpClientOptions { BaseAddress = address, ApiKey = key });
            return await work(new Session(client, new Printer(parsed.GetValue(Json))), parsed, cancellationToken);
        }
        catch (DemoVlpException error)
        {
            return Printer.Error($"{error.Detail} ({error.Code}{(error.TraceId is { } trace ? $", trace {trace}" : "")})", ExitCodes.Refused);
        }
        catch (HttpRequestException error)
        {
            return Printer.Error($"No answer from {address}: {error.GetBaseException().Message}", ExitCodes.Unreachable);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Printer.Error("Stopped.", ExitCodes.Cancelled);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            return Printer.Error(error.Message, ExitCodes.Refused);
        }
    }
}

/// <summary>What a subcommand works with.</summary>
internal sealed record Session(DemoVlpClient Client, Printer Printer);
