namespace DemoVlp.Training.Runs;

/// <summary>A run cannot go on, and trying again would not help.</summary>
/// <param name="code">Stable code.</param>
/// <param name="detail">One plain sentence.</param>
internal sealed class RunFailedException(string code, string detail) : Exception(detail)
{
    public string Code => code;
}
