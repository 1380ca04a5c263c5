using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace DemoVlp.QueryAnswering.Data;

/// <summary>For <c>dotnet ef</c> alone; nothing is connected to.</summary>
internal sealed class SqliteDesignTimeContext : IDesignTimeDbContextFactory<SqliteQueryDbContext>
{
    public SqliteQueryDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteQueryDbContext>().UseSqlite("Data Source=design.db").Options);
}

/// <summary>For <c>dotnet ef</c> alone; nothing is connected to.</summary>
internal sealed class PostgresDesignTimeContext : IDesignTimeDbContextFactory<PostgresQueryDbContext>
{
    public PostgresQueryDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<PostgresQueryDbContext>()
        .UseNpgsql("Host=design", npgsql => npgsql.UseVector().MigrationsHistoryTable("__ef_migrations", QueryDbContext.Schema)).Options);
}
