namespace DemoVlp.Cli;

/// <summary>What the command tells the shell.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>The system answered with an error, or a file could not be read.</summary>
    public const int Refused = 1;

    /// <summary>The command was not understood.</summary>
    public const int Usage = 2;

    /// <summary>No answer from the address.</summary>
    public const int Unreachable = 3;

    /// <summary>The video, run or activation waited for has failed.</summary>
    public const int Failed = 4;

    /// <summary>Stopped with Ctrl+C.</summary>
    public const int Cancelled = 130;
}
