using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace DemoVlp.Cli;

/// <summary>Writes results for a person or, with <c>--json</c>, for a program.</summary>
internal sealed class Printer(bool json)
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public bool Json => json;

    /// <summary>Progress bars are for terminals.</summary>
    public bool Interactive => !json && AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected;

    /// <summary>Prints one result.</summary>
    public void Show<T>(T value, Func<T, IRenderable> view)
    {
        if (json) Console.WriteLine(JsonSerializer.Serialize(value, Web));
        else Write(view(value));
    }

    /// <summary>Prints a list: a table, or one JSON document a line.</summary>
    public async Task ListAsync<T>(IAsyncEnumerable<T> values, string[] columns, Func<T, string[]> row, CancellationToken cancellationToken)
    {
        var table = Table(columns);
        await foreach (var value in values.WithCancellation(cancellationToken))
        {
            if (json) Console.WriteLine(JsonSerializer.Serialize(value, Web));
            else table.AddRow(row(value).Select(Cell));
        }
        if (json) return;
        if (table.Rows.Count > 0) Write(table);
        else Console.WriteLine("Nothing there.");
    }

    /// <summary>A sentence for a person; nothing with <c>--json</c>.</summary>
    public void Say(string sentence)
    {
        if (!json) Console.WriteLine(Plain(sentence));
    }

    /// <summary>One line on standard error.</summary>
    public static int Error(string sentence, int code)
    {
        Console.Error.WriteLine($"demovlp: {Plain(sentence)}");
        return code;
    }

    public static Table Table(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in columns) table.AddColumn(new TableColumn(new Text(column)));
        return table;
    }

    public static Text Cell(string text) => new(Plain(text));

    public static Table Fields(params (string Name, string? Value)[] fields)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        foreach (var (name, value) in fields)
            if (value is not null) table.AddRow(new Text(name), Cell(value));
        return table;
    }

    public static string Number(double value, string format = "0.###") => value.ToString(format, CultureInfo.InvariantCulture);

    public static string Time(double seconds) => TimeSpan.FromSeconds(seconds).ToString(seconds < 3600 ? @"m\:ss\.f" : @"h\:mm\:ss", CultureInfo.InvariantCulture);

    public static string When(DateTime utc) => utc.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    public static string Size(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => $"{Number(bytes / 1024d, "0.#")} KiB",
        < 1 << 30 => $"{Number(bytes / 1048576d, "0.#")} MiB",
        _ => $"{Number(bytes / 1073741824d, "0.##")} GiB",
    };

    /// <summary>A text without control characters: titles and captions come from anybody, and could steer the terminal.</summary>
    public static string Plain(string text) => new([.. text.Select(c => char.IsControl(c) && c != '\n' ? '\uFFFD' : c)]);

    private static void Write(IRenderable view)
    {
        // Lines of piped output are cut by their reader, not by a terminal that is not there.
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 200;
        AnsiConsole.Write(view);
        if (view is not Spectre.Console.Table) AnsiConsole.WriteLine();
    }
}
