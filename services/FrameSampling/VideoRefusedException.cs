namespace DemoVlp.FrameSampling;

/// <summary>The video itself is the reason why it cannot be sampled; trying again will not help.</summary>
/// <param name="code">One of <see cref="DemoVlp.Contracts.Videos.FailureCodes"/>.</param>
/// <param name="detail">One plain sentence for the person who uploaded it.</param>
public sealed class VideoRefusedException(string code, string detail) : Exception(detail)
{
    /// <summary>The failure code.</summary>
    public string Code => code;
}
