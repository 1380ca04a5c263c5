using Microsoft.Extensions.Configuration;

namespace DemoVlp.Messaging;

/// <summary>The values of <c>Bus:Transport</c>.</summary>
public static class BusTransport
{
    /// <summary>All consumers in this process; nothing survives a stop.</summary>
    public const string InMemory = "in-memory";

    /// <summary>RabbitMQ with quorum queues.</summary>
    public const string RabbitMq = "rabbitmq";

    /// <summary>Reads the switch; in memory if it is not set.</summary>
    /// <exception cref="InvalidOperationException">An unknown value.</exception>
    public static string Read(IConfiguration configuration) => configuration["Bus:Transport"] switch
    {
        null or "" or InMemory => InMemory,
        RabbitMq => RabbitMq,
        var other => throw new InvalidOperationException($"Bus:Transport is '{other}'; it must be '{InMemory}' or '{RabbitMq}'."),
    };

    internal static Uri RabbitMqAddress(IConfiguration configuration) =>
        Uri.TryCreate(configuration["Bus:RabbitMq"], UriKind.Absolute, out var address)
            ? new UriBuilder(address) { Scheme = address.Scheme == "amqps" ? "rabbitmqs" : "rabbitmq" }.Uri
            : throw new InvalidOperationException("Bus:RabbitMq must be an address such as amqp://user:password@host:5672/.");
}
