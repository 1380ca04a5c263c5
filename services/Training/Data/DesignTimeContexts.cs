using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace DemoVlp.Training.Data;

/// <summary>Lets <c>dotnet ef</c> make SQLite migrations without a configuration.</summary>
internal sealed class SqliteDesignTimeContext : IDesignTimeDbContextFactory<SqliteTrainingDbContext>
{
    public SqliteTrainingDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteTrainingDbContext>().UseSqlite("Data Source=:memory:").Options);
}

/// <summary>Lets <c>dotnet ef</c> make PostgreSQL migrations without a server.</summary>
internal sealed class PostgresDesignTimeContext : IDesignTimeDbContextFactory<PostgresTrainingDbContext>
{
    public PostgresTrainingDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresTrainingDbContext>()
            .UseNpgsql("Host=localhost", npgsql => npgsql.MigrationsHistoryTable("__ef_migrations", TrainingDbContext.Schema)).Options);
}
