using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;

namespace DemoVlp.Database;

/// <summary>The values of <c>Database:Provider</c>, and how each is reached.</summary>
public static class DatabaseProvider
{
    /// <summary>One file per service below <c>Database:Folder</c>.</summary>
    public const string Sqlite = "sqlite";

    /// <summary>One schema per service in the database of <c>Database:ConnectionString</c>.</summary>
    public const string Postgres = "postgres";

    /// <summary>Reads the switch; SQLite if it is not set.</summary>
    /// <exception cref="InvalidOperationException">An unknown value.</exception>
    public static string Read(IConfiguration configuration) => configuration["Database:Provider"] switch
    {
        null or "" or Sqlite => Sqlite,
        Postgres => Postgres,
        var other => throw new InvalidOperationException($"Database:Provider is '{other}'; it must be '{Sqlite}' or '{Postgres}'."),
    };

    internal static void UseSqlite(DbContextOptionsBuilder options, IConfiguration configuration, string schema)
    {
        var folder = configuration["Database:Folder"] ?? throw new InvalidOperationException("Database:Folder is not set: name the folder that keeps the SQLite files.");
        Directory.CreateDirectory(folder);
        options.UseSqlite($"Data Source={Path.Combine(folder, schema + ".db")};Default Timeout=30");
    }

    internal static void UsePostgres(DbContextOptionsBuilder options, IConfiguration configuration, string schema, Action<NpgsqlDbContextOptionsBuilder>? configure) =>
        options.UseNpgsql(
            configuration["Database:ConnectionString"] ?? throw new InvalidOperationException("Database:ConnectionString is not set."),
            npgsql =>
            {
                npgsql.MigrationsHistoryTable("__ef_migrations", schema);
                configure?.Invoke(npgsql);
            });
}
