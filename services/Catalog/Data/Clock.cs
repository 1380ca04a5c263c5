namespace DemoVlp.Catalog.Data;

/// <summary>The time as both databases can keep it: PostgreSQL rounds to microseconds, and a cursor or a claim compares for equality.</summary>
internal static class Clock
{
    public static DateTime Now => Truncate(DateTime.UtcNow);

    public static DateTime Truncate(DateTime time) => new(time.Ticks - time.Ticks % TimeSpan.TicksPerMicrosecond, DateTimeKind.Utc);
}
