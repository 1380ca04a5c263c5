using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>Everything in one process: in-memory bus, SQLite, local folder.</summary>
public sealed class StandaloneSystem : SystemUnderTest
{
    protected override ServiceProcess Front => Processes["Standalone"];

    protected override string? ApiKey => null;

    protected override async Task StartAsync(CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string>(CommonEnvironment) { ["DEMOVLP_DATA"] = DataFolder };
        Processes["Standalone"] = await ServiceProcess.StartAsync("DemoVlp.Standalone", environment, cancellationToken);
    }
}
