using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;

namespace DemoVlp.Database;

/// <summary>Registers a service's context for the provider in the configuration.</summary>
public static class DatabaseExtensions
{
    /// <summary>
    /// Adds <typeparamref name="TContext"/>, in truth the derived context of the provider, which owns that provider's migrations.
    /// SQLite files are migrated when the host starts; PostgreSQL by the <c>migrate</c> command (<see cref="MigrateIfAskedAsync{TContext}"/>).
    /// </summary>
    /// <param name="builder">The host.</param>
    /// <param name="schema">The PostgreSQL schema and the name of the SQLite file.</param>
    /// <param name="configurePostgres">Provider extras, such as pgvector.</param>
    public static IHostApplicationBuilder AddDatabase<TContext, TSqlite, TPostgres>(
        this IHostApplicationBuilder builder, string schema, Action<NpgsqlDbContextOptionsBuilder>? configurePostgres = null)
        where TContext : ServiceDbContext
        where TSqlite : TContext
        where TPostgres : TContext
    {
        if (DatabaseProvider.Read(builder.Configuration) == DatabaseProvider.Sqlite)
        {
            builder.Services.AddDbContext<TContext, TSqlite>(options => DatabaseProvider.UseSqlite(options, builder.Configuration, schema));
            builder.Services.AddHostedService<MigrateOnStart<TContext>>();
        }
        else
        {
            builder.Services.AddDbContext<TContext, TPostgres>(options => DatabaseProvider.UsePostgres(options, builder.Configuration, schema, configurePostgres));
        }
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealthCheck<TContext>>($"database-{schema}", tags: ["ready"]);
        return builder;
    }

    /// <summary>Handles <c>dotnet Service.dll migrate</c>: brings the database up to date.</summary>
    /// <returns>Whether that was asked for, so that the program should end.</returns>
    public static async Task<bool> MigrateIfAskedAsync<TContext>(this IHost host, string[] args) where TContext : ServiceDbContext
    {
        if (args is not ["migrate"]) return false;
        await using var scope = host.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<TContext>().Database.MigrateAsync();
        return true;
    }
}
