using Npgsql;

namespace DemoVlp.Testing;

/// <summary>The PostgreSQL server of this test run, started by tests/run.sh or named by <c>DEMOVLP_POSTGRES</c>.</summary>
public static class TestPostgres
{
    /// <summary>Why a test was skipped.</summary>
    public const string SkipReason = "No PostgreSQL: run tests/run.sh, or set DEMOVLP_POSTGRES to the connection string of a server with pgvector.";

    /// <summary>Whether there is one. For <c>[Fact(Skip = TestPostgres.SkipReason, SkipUnless = nameof(IsAvailable), SkipType = typeof(TestPostgres))]</c>.</summary>
    public static bool IsAvailable => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DEMOVLP_POSTGRES"));

    /// <summary>Npgsql connection string of a user who may create databases.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static string ConnectionString =>
        IsAvailable ? Environment.GetEnvironmentVariable("DEMOVLP_POSTGRES")! : throw new InvalidOperationException(SkipReason);

    /// <summary>A new database with the extension <c>vector</c>, dropped when disposed of.</summary>
    public static async Task<TestDatabase> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"test_{Guid.NewGuid():n}";
        await ExecuteAsync(ConnectionString, $"CREATE DATABASE {name}", cancellationToken);
        var database = new TestDatabase(name, new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name, Pooling = true, MaxPoolSize = 20 }.ConnectionString);
        try
        {
            await ExecuteAsync(database.ConnectionString, "CREATE EXTENSION vector", cancellationToken);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    internal static async Task ExecuteAsync(string connectionString, string sql, CancellationToken cancellationToken)
    {
        // Unpooled: a pooled connection would keep types and sessions of a database that is about to change or go.
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>A database that lives as long as a test.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ConnectionString">How to reach it.</param>
public sealed record TestDatabase(string Name, string ConnectionString) : IAsyncDisposable
{
    /// <summary>Drops it, whoever is still connected.</summary>
    public async ValueTask DisposeAsync()
    {
        await using (var pooled = new NpgsqlConnection(ConnectionString)) NpgsqlConnection.ClearPool(pooled);
        await TestPostgres.ExecuteAsync(TestPostgres.ConnectionString, $"DROP DATABASE IF EXISTS {Name} WITH (FORCE)", CancellationToken.None);
    }
}
