using DemoVlp.Standalone;
using DemoVlp.Testing;
using Microsoft.Data.Sqlite;

namespace DemoVlp.Shared.Tests.Database;

public sealed class KilledMigrationTests
{
    [Fact]
    public async Task Start_AfterAProcessWasKilledWhileMigrating_Succeeds()
    {
        var token = TestContext.Current.CancellationToken;
        using var data = new TemporaryFolder();
        await StartAndStopAsync(data, token);
        // What EF Core leaves in the database when its process dies with the migration lock.
        await using (var connection = new SqliteConnection($"Data Source={data["database", "catalog.db"]};Pooling=False"))
        {
            await connection.OpenAsync(token);
            await using var command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE IF NOT EXISTS "__EFMigrationsLock" ("Id" INTEGER NOT NULL CONSTRAINT "PK___EFMigrationsLock" PRIMARY KEY, "Timestamp" TEXT NOT NULL);
                INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-01-01 00:00:00+00:00');
                """;
            await command.ExecuteNonQueryAsync(token);
        }
        await StartAndStopAsync(data, token).WaitAsync(TimeSpan.FromMinutes(1), token);
    }

    private static async Task StartAndStopAsync(TemporaryFolder data, CancellationToken token)
    {
        await using var app = StandaloneHost.Build([$"--DEMOVLP_DATA={data.Path}", "--DEMOVLP_PORT=0"]);
        await app.StartAsync(token);
        await app.StopAsync(token);
    }
}
