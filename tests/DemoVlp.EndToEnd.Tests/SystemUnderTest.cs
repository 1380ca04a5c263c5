using DemoVlp.Client;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>A running system, seen as a client app sees it, and from behind where a test kills parts of it.</summary>
public abstract class SystemUnderTest : IAsyncLifetime
{
    private readonly TemporaryFolder data = new();

    /// <summary>Process by project name without <c>DemoVlp.</c>.</summary>
    public Dictionary<string, ServiceProcess> Processes { get; } = [];

    /// <summary>What clients talk to.</summary>
    public Library Library { get; private set; } = null!;

    /// <summary>The same through the typed client.</summary>
    public DemoVlpClient Client { get; private set; } = null!;

    /// <summary>The logs of all processes, for the message of a failure.</summary>
    public string Logs => string.Join("\n", Processes.Select(p => $"=== {p.Key}\n{string.Join('\n', p.Value.Log.Split('\n').TakeLast(60))}"));

    /// <summary>The folder of its data.</summary>
    public string Folder => data.Path;

    protected string DataFolder => data.Path;

    /// <summary>Why it cannot run here; null if it can.</summary>
    public virtual string? Unavailable => null;

    public async ValueTask InitializeAsync()
    {
        if (Unavailable is not null) return; // A fixture cannot skip; the tests that use it do.
        await StartAsync(TestContext.Current.CancellationToken);
        Library = new Library(Front.Address, ApiKey);
        Client = NewClient();
        // Ready means that it takes requests; the built-in models are put in service a moment later.
        await Library.ModelsReadyAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Library?.Dispose();
        Client?.Dispose();
        foreach (var process in Processes.Values) await process.DisposeAsync();
        await CleanUpAsync();
        data.Dispose();
    }

    /// <summary>A client app of its own.</summary>
    public DemoVlpClient NewClient() => DemoVlpClient.Create(new DemoVlpClientOptions { BaseAddress = Front.Address, ApiKey = ApiKey });

    public async Task KillAndRestartAsync(string name, CancellationToken cancellationToken)
    {
        await Processes[name].Kill9Async(cancellationToken);
        await Processes[name].StartAgainAsync(cancellationToken);
    }

    /// <summary>Whether the artifact store still has a file of a video.</summary>
    public bool HasFilesOf(Guid videoId) => Directory.EnumerateFiles(data.Path, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
        .Any(file => file.Contains(videoId.ToString("n"), StringComparison.Ordinal));

    protected abstract ServiceProcess Front { get; }

    protected abstract string? ApiKey { get; }

    protected abstract Task StartAsync(CancellationToken cancellationToken);

    protected virtual Task CleanUpAsync() => Task.CompletedTask;

    /// <summary>Two threads, so that small models train in replicas wherever the tests run; short distances so that re-driving is seen within a test.</summary>
    protected static Dictionary<string, string> CommonEnvironment => new()
    {
        ["Compute__Threads"] = "2",
        ["Catalog__RedriveAfter"] = "00:00:05",
        ["Training__LeaseSeconds"] = "10",
        // Some tests ask all the time.
        ["Gateway__QueriesPerSecond"] = "10000",
        ["Gateway__QueryBurst"] = "10000",
        ["Logging__LogLevel__Default"] = "Information",
    };
}
