using MassTransit;

namespace DemoVlp.Messaging;

/// <summary>Helps to tell whose fault a <see cref="Fault{T}"/> is: several services consume the same event.</summary>
public static class FaultExtensions
{
    /// <summary>Whether the fault was raised by the consumer of this queue.</summary>
    public static bool CameFrom<T>(this ConsumeContext<Fault<T>> context, string queue) where T : class =>
        context.SourceAddress?.AbsolutePath.EndsWith($"/{queue}", StringComparison.Ordinal) ?? false;

    /// <summary>The innermost messages of a fault, for the log.</summary>
    public static string Describe<T>(this ConsumeContext<Fault<T>> context) where T : class =>
        string.Join("; ", context.Message.Exceptions.Select(e => $"{e.ExceptionType}: {e.Message}"));
}
