using System.Diagnostics;
using System.Text.Json;

namespace DemoVlp.Benchmarks;

/// <summary>A Python process that measures one case at a time on request, so that both sides take turns within one run.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process process;

    /// <summary>Starts a script from the folder <c>peer</c> beside this program.</summary>
    internal Peer(string python, string script, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "peer", script), .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        process = Process.Start(start) ?? throw new InvalidOperationException($"{python} does not start.");
    }

    /// <summary>What the peer took for a case.</summary>
    internal Cost Measure(string name)
    {
        process.StandardInput.WriteLine(JsonSerializer.Serialize(new Dictionary<string, string> { ["case"] = name }));
        var line = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The peer has stopped; its message is above.");
        using var answer = JsonDocument.Parse(line);
        return new Cost(answer.RootElement.GetProperty("wall").GetDouble(), answer.RootElement.GetProperty("processor").GetDouble());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(TimeSpan.FromSeconds(10))) process.Kill();
        process.Dispose();
    }
}
