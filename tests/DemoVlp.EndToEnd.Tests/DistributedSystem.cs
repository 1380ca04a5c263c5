using System.Security.Cryptography;
using System.Text;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>Each service a process, over RabbitMQ and PostgreSQL, behind the gateway with a key; two replicas answer queries.</summary>
public sealed class DistributedSystem : SystemUnderTest
{
    private const string Key = "end-to-end-key";
    private TestVirtualHost? bus;
    private TestDatabase? database;

    public override string? Unavailable => TestRabbitMq.IsAvailable && TestPostgres.IsAvailable ? null : "Needs RabbitMQ and PostgreSQL: run tests/run.sh.";

    public TestVirtualHost Bus => bus!;

    protected override ServiceProcess Front => Processes["Gateway"];

    protected override string? ApiKey => Key;

    protected override async Task StartAsync(CancellationToken cancellationToken)
    {
        bus = await TestRabbitMq.CreateVirtualHostAsync(cancellationToken);
        database = await TestPostgres.CreateDatabaseAsync(cancellationToken);
        var environment = new Dictionary<string, string>(CommonEnvironment)
        {
            ["Bus__Transport"] = "rabbitmq",
            ["Bus__RabbitMq"] = bus.Address.ToString(),
            ["Database__Provider"] = "postgres",
            ["Database__ConnectionString"] = database.ConnectionString,
            ["Artifacts__Root"] = DataFolder,
        };
        foreach (var owner in new[] { "Catalog", "Training", "QueryAnswering" })
            await ServiceProcess.RunAsync($"DemoVlp.{owner}", environment, cancellationToken, "migrate");

        var services = new[] { "Catalog", "FrameSampling", "RegionExtraction", "TextTokenization", "Training", "QueryAnswering", "QueryAnswering2" };
        await Task.WhenAll(services.Select(async name =>
        {
            var process = await ServiceProcess.StartAsync($"DemoVlp.{name.TrimEnd('2')}", environment, cancellationToken);
            lock (Processes) Processes[name] = process;
        }));
        Processes["Gateway"] = await ServiceProcess.StartAsync("DemoVlp.Gateway", new Dictionary<string, string>(CommonEnvironment)
        {
            ["Gateway__ApiKeyHashes"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key))),
            ["Services__Catalog"] = Processes["Catalog"].Address.ToString(),
            ["Services__RegionExtraction"] = Processes["RegionExtraction"].Address.ToString(),
            ["Services__Training"] = Processes["Training"].Address.ToString(),
            ["Services__QueryAnswering"] = $"{Processes["QueryAnswering"].Address},{Processes["QueryAnswering2"].Address}",
        }, cancellationToken);
    }

    protected override async Task CleanUpAsync()
    {
        if (bus is not null) await bus.DisposeAsync();
        if (database is not null) await database.DisposeAsync();
    }
}
