namespace DemoVlp.ServiceDefaults;

/// <summary>Tells a full disk from other faults: it is for the operator to mend, not for the one who asks.</summary>
public static class StorageFull
{
    private const int NoSpaceLeft = 28; // ENOSPC

    /// <summary>Whether an exception, or one inside it, comes from a disk without room.</summary>
    public static bool Caused(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException!)
        {
            if (cause is IOException && (cause.HResult & 0xFFFF) == NoSpaceLeft) return true;
            // SQLite says so in words (SQLITE_FULL); its package is not known here.
            if (cause.Message.Contains("database or disk is full", StringComparison.Ordinal)) return true;
        }
        return false;
    }
}
