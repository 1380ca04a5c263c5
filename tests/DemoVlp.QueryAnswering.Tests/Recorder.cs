using System.Collections.Concurrent;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Videos;
using MassTransit;

namespace DemoVlp.QueryAnswering.Tests;

/// <summary>Hears what the service publishes.</summary>
public sealed class Recorder
{
    private readonly ConcurrentQueue<object> heard = new();

    public IEnumerable<T> All<T>() => heard.OfType<T>();

    public void Add(object message) => heard.Enqueue(message);

    public static void AddConsumers(IBusRegistrationConfigurator bus)
    {
        Add<VideoIndexed>(bus);
        Add<VideoProcessingFailed>(bus);
        Add<IndexProgressed>(bus);
        Add<IndexRebuilt>(bus);
        Add<IndexRebuildFailed>(bus);
    }

    private static void Add<T>(IBusRegistrationConfigurator bus) where T : class =>
        bus.AddConsumer<Listener<T>>().Endpoint(endpoint => endpoint.Name = $"recorder-{typeof(T).Name}");

    private sealed class Listener<T>(Recorder recorder) : IConsumer<T> where T : class
    {
        public Task Consume(ConsumeContext<T> context)
        {
            recorder.Add(context.Message);
            return Task.CompletedTask;
        }
    }
}
