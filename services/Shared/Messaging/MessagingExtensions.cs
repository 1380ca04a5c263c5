using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace DemoVlp.Messaging;

/// <summary>The one place where the bus is set up.</summary>
public static class MessagingExtensions
{
    /// <summary>
    /// Adds MassTransit with the consumers of the modules in this process. <c>Bus:Transport</c> is <c>in-memory</c> or <c>rabbitmq</c>;
    /// for the latter <c>Bus:RabbitMq</c> is an <c>amqp://user:password@host:port/vhost</c> address.
    /// </summary>
    /// <exception cref="InvalidOperationException">The transport is unknown, or its address is missing.</exception>
    public static IHostApplicationBuilder AddMessaging(this IHostApplicationBuilder builder, params Action<IBusRegistrationConfigurator>[] modules)
    {
        var transport = BusTransport.Read(builder.Configuration);
        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.SetKebabCaseEndpointNameFormatter();
            foreach (var addConsumers in modules) addConsumers(bus);
            bus.AddConfigureEndpointsCallback((context, _, endpoint) =>
            {
                if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit) rabbit.SetQuorumQueue();
                // Short and few: a retry holds the message and its slot. What needs longer is re-driven by Catalog.
                endpoint.UseMessageRetry(retry => retry.Intervals(200, 1000, 3000));
                // Nothing is published by an attempt that failed.
                endpoint.UseInMemoryOutbox(context);
            });
            if (transport == BusTransport.InMemory)
                bus.UsingInMemory((context, memory) => memory.ConfigureEndpoints(context));
            else
                bus.UsingRabbitMq((context, rabbit) =>
                {
                    rabbit.Host(BusTransport.RabbitMqAddress(builder.Configuration));
                    rabbit.ConfigureEndpoints(context);
                });
        });
        builder.Services.Configure<MassTransitHostOptions>(options =>
        {
            // A broker that is still starting must not keep a service from telling that it is alive but not ready.
            options.WaitUntilStarted = transport == BusTransport.InMemory;
            options.ConsumerStopTimeout = TimeSpan.FromSeconds(15);
            options.StopTimeout = TimeSpan.FromSeconds(20);
        });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(25));
        return builder;
    }
}
