using DemoVlp.Testing;
using MassTransit;
using Npgsql;

namespace DemoVlp.Shared.Tests.Testing;

/// <summary>The servers that tests/run.sh starts are what the integration tests need them to be.</summary>
public sealed class BackendTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Skip = TestPostgres.SkipReason, SkipUnless = nameof(TestPostgres.IsAvailable), SkipType = typeof(TestPostgres))]
    public async Task CreateDatabase_OnTheTestServer_HasVectorsAndIsGoneAfterwards()
    {
        string connectionString;
        await using (var database = await TestPostgres.CreateDatabaseAsync(Token))
        {
            connectionString = database.ConnectionString;
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(Token);
            await using var command = new NpgsqlCommand("SELECT ('[3,4]'::vector <-> '[0,0]'::vector)::float8", connection);
            Assert.Equal(5.0, await command.ExecuteScalarAsync(Token));
        }
        await using var gone = new NpgsqlConnection(connectionString);
        var missing = await Assert.ThrowsAsync<PostgresException>(() => gone.OpenAsync(Token));
        Assert.Equal(PostgresErrorCodes.InvalidCatalogName, missing.SqlState);
    }

    [Fact(Skip = TestRabbitMq.SkipReason, SkipUnless = nameof(TestRabbitMq.IsAvailable), SkipType = typeof(TestRabbitMq))]
    public async Task CreateVirtualHost_OnTheTestBroker_CarriesMessagesOfItsOwn()
    {
        await using var host = await TestRabbitMq.CreateVirtualHostAsync(Token);
        var heard = new TaskCompletionSource<string>();
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(new UriBuilder(host.Address) { Scheme = "rabbitmq" }.Uri);
            rabbit.ReceiveEndpoint("listener", endpoint => endpoint.Handler<Said>(context =>
            {
                heard.TrySetResult(context.Message.Words);
                return Task.CompletedTask;
            }));
        });
        await bus.StartAsync(Token);
        try
        {
            await bus.Publish(new Said("hello"), Token);
            Assert.Equal("hello", await heard.Task.WaitAsync(TimeSpan.FromSeconds(20), Token));
            if (Environment.GetEnvironmentVariable("DEMOVLP_RABBITMQ_MANAGEMENT") is null) return;
            await Eventually.TrueAsync("the broker counts the one queue as empty",
                async token => await host.QueueDepthsAsync(token) is { Count: 1 } depths && depths["listener"] == 0, Token);
        }
        finally
        {
            await bus.StopAsync(Token);
        }
    }

    /// <summary>A message of this test.</summary>
    public sealed record Said(string Words);
}
