using DemoVlp.Messaging;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace DemoVlp.Shared.Tests.Messaging;

public sealed class BusTests
{
    [Theory]
    [InlineData(null, BusTransport.InMemory)]
    [InlineData("in-memory", BusTransport.InMemory)]
    [InlineData("rabbitmq", BusTransport.RabbitMq)]
    public void Transport_IsReadFromConfiguration(string? value, string expected) => Assert.Equal(expected, BusTransport.Read(With("Bus:Transport", value)));

    [Fact]
    public void Transport_WhenUnknown_SaysWhatIsAllowed()
    {
        var problem = Assert.Throws<InvalidOperationException>(() => BusTransport.Read(With("Bus:Transport", "kafka")));
        Assert.Contains("'in-memory' or 'rabbitmq'", problem.Message);
    }

    [Fact]
    public async Task Consumer_ThatFailsOnce_IsTriedAgainAndPublishesOnce()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton<Seen>();
        builder.AddMessaging(bus =>
        {
            bus.AddConsumer<FlakyConsumer>();
            bus.AddConsumer<EchoConsumer>();
        });
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.Services.GetRequiredService<IBus>().Publish(new Ping(Guid.NewGuid()), TestContext.Current.CancellationToken);
        var seen = host.Services.GetRequiredService<Seen>();
        await seen.Echoed.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, seen.Attempts);
        Assert.Equal(1, seen.Echoes); // The first attempt published before it failed: the outbox held that back.
    }

    private static IConfiguration With(string key, string? value) => new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build();

    public sealed record Ping(Guid Id);

    public sealed record Pong(Guid Id);

    public sealed class Seen
    {
        public int Attempts;
        public int Echoes;
        public TaskCompletionSource Echoed { get; } = new();
    }

    public sealed class FlakyConsumer(Seen seen) : IConsumer<Ping>
    {
        public async Task Consume(ConsumeContext<Ping> context)
        {
            await context.Publish(new Pong(context.Message.Id));
            if (Interlocked.Increment(ref seen.Attempts) == 1) throw new IOException("the disk hiccuped");
        }
    }

    public sealed class EchoConsumer(Seen seen) : IConsumer<Pong>
    {
        public Task Consume(ConsumeContext<Pong> context)
        {
            Interlocked.Increment(ref seen.Echoes);
            seen.Echoed.TrySetResult();
            return Task.CompletedTask;
        }
    }
}
