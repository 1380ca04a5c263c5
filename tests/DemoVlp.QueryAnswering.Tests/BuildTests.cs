using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Videos;
using DemoVlp.QueryAnswering.Data;
using DemoVlp.QueryAnswering.Generations;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace DemoVlp.QueryAnswering.Tests;

/// <summary>Builds carried out by hand, at moments that the builder of the host would not wait for.</summary>
public sealed class BuildTests : IAsyncLifetime
{
    private World world = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        world = await World.StartAsync();
        await world.ActivateAsync("tiny-1", seed: 1);
        await world.AddIndexedVideosAsync(4);
        await world.Services.GetServices<IHostedService>().OfType<IndexBuilder>().Single().StopAsync(Cancellation);
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Build_WhenTheLeaseEndsWithTheSwitch_StillAnnouncesEveryVideo()
    {
        await using var lease = await TakeAsync(world.MakeModel("tiny-2", seed: 2));
        using var _ = world.Services.GetRequiredService<IBus>().ConnectPublishObserver(new LoseOnFirst(lease));
        await RunAsync(lease);
        Assert.True(lease.Lost.IsCancellationRequested);
        await World.EventuallyAsync("the generation answers", () => world.Recorder.All<IndexRebuilt>().Any(r => r.ModelVersion == "tiny-2"));
        await World.EventuallyAsync("all are announced", () => world.Recorder.All<VideoIndexed>().Count(v => v.ModelVersion == "tiny-2") == 4);
    }

    [Fact]
    public async Task Build_WhenANewerActivationIsThere_EndsAndDoesNotTakeItsPlace()
    {
        var older = world.MakeModel("tiny-2", seed: 2);
        await using (var newer = await TakeAsync(world.MakeModel("tiny-3", seed: 3))) await RunAsync(newer);
        await using var lease = await TakeAsync(older); // as if another replica had noted it at the same moment
        await RunAsync(lease).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.True(lease.Lost.IsCancellationRequested);
        Assert.Equal(GenerationState.Superseded, await StateAsync(older));
        Assert.Equal("tiny-3", (await world.SearchAsync("red")).ModelVersion);
        Assert.Null(await GenerationLease.TakeAsync(world.Services.GetRequiredService<IServiceScopeFactory>(), Cancellation));
    }

    [Fact]
    public async Task Switch_WhileAVideoIsNotEmbedded_IsTakenBack()
    {
        var activation = world.MakeModel("tiny-2", seed: 2);
        await using var lease = await TakeAsync(activation);
        // As if the videos had come between the last look and the switch.
        await using (var scope = world.Services.CreateAsyncScope())
            Assert.Null(await scope.ServiceProvider.GetRequiredService<GenerationSwitch>().ActivateAsync(lease, Cancellation));
        Assert.False(lease.Lost.IsCancellationRequested);
        Assert.Equal(GenerationState.Building, await StateAsync(activation));
        Assert.Equal(("tiny-1", 4), await FoundAsync());

        await RunAsync(lease);
        Assert.Equal(("tiny-2", 4), await FoundAsync());
    }

    private async Task<(string Model, int Videos)> FoundAsync()
    {
        var found = await world.SearchAsync("red");
        return (found.ModelVersion, found.Items.Count);
    }

    private Task<string> StateAsync(ModelActivated activation) =>
        world.Query(db => db.Generations.Where(g => g.ActivationId == activation.ActivationId).Select(g => g.State).SingleAsync(Cancellation));

    private async Task<GenerationLease> TakeAsync(ModelActivated activation)
    {
        await world.Query(async db =>
        {
            db.Generations.Add(new GenerationRow
            {
                Task = activation.Task, ActivationId = activation.ActivationId, ActivatedAt = activation.ActivatedAt, ModelVersion = activation.ModelVersion,
                ModelDirectory = activation.ModelDirectory,
            });
            return await db.SaveChangesAsync(Cancellation);
        });
        return (await GenerationLease.TakeAsync(world.Services.GetRequiredService<IServiceScopeFactory>(), Cancellation))!;
    }

    private async Task RunAsync(GenerationLease lease)
    {
        await using var scope = world.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<GenerationBuild>().RunAsync(lease, Cancellation);
    }

    /// <summary>The renewal that finds nothing to renew, at the worst moment.</summary>
    private sealed class LoseOnFirst(GenerationLease lease) : IPublishObserver
    {
        public Task PrePublish<T>(PublishContext<T> context) where T : class => context.Message is VideoIndexed ? lease.LoseAsync() : Task.CompletedTask;

        public Task PostPublish<T>(PublishContext<T> context) where T : class => Task.CompletedTask;

        public Task PublishFault<T>(PublishContext<T> context, Exception exception) where T : class => Task.CompletedTask;
    }
}
