using CliWrap;

namespace DemoVlp.Testing;

/// <summary>The RabbitMQ broker of this test run, started by tests/run.sh or named by <c>DEMOVLP_RABBITMQ</c>.</summary>
public static class TestRabbitMq
{
    /// <summary>Why a test was skipped.</summary>
    public const string SkipReason = "No RabbitMQ: run tests/run.sh, or set DEMOVLP_RABBITMQ to amqp://user:password@host:port/.";

    /// <summary>Why a test that restarts the broker was skipped.</summary>
    public const string NoRestartReason = "Only the broker that tests/run.sh started may be restarted.";

    /// <summary>Whether there is one. For <c>[Fact(Skip = TestRabbitMq.SkipReason, SkipUnless = nameof(IsAvailable), SkipType = typeof(TestRabbitMq))]</c>.</summary>
    public static bool IsAvailable => Read("DEMOVLP_RABBITMQ") is not null;

    /// <summary>Whether the broker is tests/run.sh's own, so that <see cref="RestartAsync"/> may be called.</summary>
    public static bool CanRestart => IsAvailable && Read("DEMOVLP_TEST_BACKENDS") is not null;

    /// <summary>Address of the broker: <c>amqp://user:password@host:port/vhost</c>.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static Uri Address => new(Read("DEMOVLP_RABBITMQ") ?? throw new InvalidOperationException(SkipReason));

    /// <summary>Address of the broker's management interface with user and password, or null.</summary>
    internal static Uri? Management => Read("DEMOVLP_RABBITMQ_MANAGEMENT") is { } address ? new Uri(address) : null;

    /// <summary>A new virtual host, gone when disposed of; the broker's own one where there is no management interface to make it through.</summary>
    public static async Task<TestVirtualHost> CreateVirtualHostAsync(CancellationToken cancellationToken)
    {
        if (Management is null) return new TestVirtualHost(null, Address);
        var name = $"test-{Guid.NewGuid():n}";
        var host = new TestVirtualHost(name, new UriBuilder(Address) { Path = name }.Uri);
        await host.CreateAsync(cancellationToken);
        return host;
    }

    /// <summary>Kills the broker (-9) and starts it again on what it had on disk; returns once it takes connections.</summary>
    /// <exception cref="InvalidOperationException">It is not ours (<see cref="CanRestart"/>).</exception>
    public static async Task RestartAsync(CancellationToken cancellationToken)
    {
        if (!CanRestart) throw new InvalidOperationException(NoRestartReason);
        await Cli.Wrap(Path.Combine(RepositoryRoot.Find(), "tests", "backends", "rabbitmq.sh"))
            .WithArguments(["restart", Read("DEMOVLP_TEST_BACKENDS")!]).ExecuteAsync(cancellationToken);
    }

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
