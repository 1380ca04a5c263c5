using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace DemoVlp.Database;

/// <summary>Brings an embedded database up to date before anything uses it. Writers do not block readers (WAL).</summary>
internal sealed class MigrateOnStart<TContext>(IServiceScopeFactory scopes) : IHostedLifecycleService where TContext : ServiceDbContext
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TContext>().Database;
        // EF locks migrations with a row. One process owns an embedded database, so a row that is there was left by one that was killed.
        await database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellationToken);
        await database.MigrateAsync(cancellationToken);
        await database.ExecuteSqlRawAsync("PRAGMA journal_mode = WAL", cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
